using System.Collections.Frozen;

namespace Imm.Core.Access;

/// <summary>The operations of IMM 2020-09-30, those that are not simulated too: what an action of a policy may name.</summary>
/// <remarks>From the vendor's SDKs of 2026.</remarks>
internal static class ImmActionNames
{
    public static FrozenSet<string> All { get; } = """
        AddImageMosaic AddStoryFiles AttachOSSBucket BatchDeleteFileMeta BatchGetFigureCluster BatchGetFileMeta BatchIndexFileMeta
        BatchUpdateFileMeta CompareImageFaces ContextualAnswer ContextualRetrieval CreateArchiveFileInspectionTask CreateBatch CreateBinding
        CreateCompressPointCloudTask CreateCustomizedStory CreateDataset CreateDecodeBlindWatermarkTask CreateFacesSearchingTask
        CreateFigureClusteringTask CreateFigureClustersMergingTask CreateFileCompressionTask CreateFileUncompressionTask
        CreateImageModerationTask CreateImageSplicingTask CreateImageToPDFTask CreateLocationDateClusteringTask CreateMediaConvertTask
        CreateOfficeConversionTask CreateProject CreateSimilarImageClusteringTask CreateStory CreateTrigger
        CreateVideoLabelClassificationTask CreateVideoModerationTask DeleteBatch DeleteBinding DeleteDataset DeleteFileMeta
        DeleteLocationDateCluster DeleteProject DeleteStory DeleteTrigger DetachOSSBucket DetectImageBodies DetectImageCars
        DetectImageCodes DetectImageCropping DetectImageFaces DetectImageLabels DetectImageScore DetectImageTexts DetectMediaMeta
        DetectTextAnomaly EncodeBlindWatermark ExtractDocumentText FuzzyQuery GenerateVideoPlaylist GenerateWebofficeToken GetBatch
        GetBinding GetDRMLicense GetDataset GetDecodeBlindWatermarkResult GetFigureCluster GetFileMeta GetImageModerationResult
        GetOSSBucketAttachment GetProject GetStory GetTask GetTrigger GetVideoLabelClassificationResult GetVideoModerationResult
        IndexFileMeta ListAttachedOSSBuckets ListBatches ListBindings ListDatasets ListProjects ListRegions ListTasks ListTriggers
        QueryFigureClusters QueryLocationDateClusters QuerySimilarImageClusters QueryStories RefreshWebofficeToken RemoveStoryFiles
        ResumeBatch ResumeTrigger SearchImageFigureCluster SemanticQuery SimpleQuery SuspendBatch SuspendTrigger UpdateBatch UpdateDataset
        UpdateFigureCluster UpdateFileMeta UpdateLocationDateCluster UpdateProject UpdateStory UpdateTrigger
        """.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
        .Select(name => "imm:" + name)
        .ToFrozenSet(StringComparer.Ordinal);
}
