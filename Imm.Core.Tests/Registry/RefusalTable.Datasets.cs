namespace Imm.Core.Tests.Registry;

// The operations on datasets. The project "taken" has the dataset "data" with one binding, 3 files and 30 bytes, and the dataset "empty".
public sealed partial class RefusalTable
{
    private static Operation[] DatasetOperations()
    {
        Breach[] datasetName =
        [
            new("the dataset's name is missing", Invalid("DatasetName"), world => world.DatasetName = null),
            new("the dataset's name is empty", Invalid("DatasetName"), world => world.DatasetName = ""),
            new("the dataset's name starts with a digit", Invalid("DatasetName"), world => world.DatasetName = "1a"),
            new("the dataset's name has 129 characters", Invalid("DatasetName"), world => world.DatasetName = new string('a', 129)),
        ];
        Breach[][] fields = [Fields[0], Fields[2], .. Fields[4..]];
        Breach[] noDataset =
            [new(
                "there is no such dataset",
                Shown.Refusal(ImmErrorCode.ResourceNotFound, 404, "DatasetName"),
                world => world.DatasetName = "absent")];
        Breach[] datasetTaken =
            [new(
                "the dataset's name is taken",
                Shown.Refusal(ImmErrorCode.ResourceAlreadyExists, 400, "DatasetName"),
                world => world.DatasetName = "data")];
        Breach[] datasetsFull =
        [
            new("the project has all the datasets it may", Exceeded("ProjectMaxDatasetCount", 1, 2, 2), world => world.DatasetLimit = 2),
            new(
                "the limit of datasets was lowered below what exists",
                Exceeded("ProjectMaxDatasetCount", 1, 2, 1),
                world => world.DatasetLimit = 1),
        ];
        Breach[] uri =
        [
            new("the URI is missing", Invalid("URI"), world => world.Uri = null),
            new("the URI is empty", Invalid("URI"), world => world.Uri = ""),
            new("the URI has another scheme", Invalid("URI"), world => world.Uri = "OSS://bucket"),
            new("the URI has no bucket", Invalid("URI"), world => world.Uri = "oss://"),
            new("the URI has a path", Invalid("URI"), world => world.Uri = "oss://bucket/a"),
            new("the URI's bucket has 64 characters", Invalid("URI"), world => world.Uri = $"oss://{new string('a', 64)}"),
        ];
        Breach[] bindingTaken =
            [new(
                "the URI is bound already",
                Shown.Refusal(ImmErrorCode.ResourceAlreadyExists, 400, "URI"),
                world => world.Uri = "oss://bucket")];
        Breach[] bindingsFull =
            [new("the dataset has all the bindings it may", Exceeded("DatasetMaxBindCount", 1, 1, 1), world => world.BindLimit = 1)];
        Breach[] noBinding =
            [new("the URI is not bound", Shown.Refusal(ImmErrorCode.ResourceNotFound, 404, "URI"), world => world.Uri = "oss://absent")];
        Breach[] conflict =
            [new(
                "the dataset has bindings and files",
                Shown.Refusal(ImmErrorCode.StatusConflict, 400, "DatasetName"),
                world => world.DatasetName = "data")];
        Breach[] negativeFiles = [new("the files are negative", Invalid("FileCount"), world => world.FileCount = -1)];
        Breach[] negativeBytes = [new("the bytes are negative", Invalid("TotalFileSize"), world => world.TotalFileSize = -1)];
        Breach[] token =
        [
            new("the token is malformed", Invalid("NextToken"), world => world.NextToken = "account:taken"),
            new("the token is of another project", Invalid("NextToken"), world => world.NextToken = "account:z:data"),
            new("the token is of another account", Invalid("NextToken"), world => world.NextToken = "other:taken:data"),
        ];
        return
        [
            new(
                "CreateDataset",
                "taken",
                world => world.DatasetName = "fresh",
                [Name, datasetName, .. fields, Authorization, Store, NotFound, datasetTaken, datasetsFull],
                (registry, world) => Shown.Outcome(() => registry.CreateDataset(world.CreateDatasetRequest()).ToString()),
                (registry, world) => Shown.Outcome(async () => _ = await registry.CreateDatasetAsync(world.CreateDatasetRequest()))),
            new(
                "UpdateDataset",
                "taken",
                null,
                [Name, datasetName, .. fields, SetsNothing, Authorization, Store, NotFound, noDataset],
                (registry, world) => Shown.Outcome(() => registry.UpdateDataset(world.UpdateDatasetRequest()).ToString()),
                (registry, world) => Shown.Outcome(async () => _ = await registry.UpdateDatasetAsync(world.UpdateDatasetRequest()))),
            new(
                "GetDataset",
                "taken",
                null,
                [Name, datasetName, Authorization, NotFound, noDataset],
                (registry, world) => Shown.Outcome(() => registry.GetDataset(world.Name!, world.DatasetName!).ToString()),
                null),
            new(
                "ListDatasets",
                "taken",
                null,
                [Name, Page[0], token, Page[2], Authorization, NotFound],
                (registry, world) => Shown.Outcome(() => string.Join(';', registry.ListDatasets(world.ListDatasetsRequest()).Datasets)),
                null),
            new(
                "DeleteDataset",
                "taken",
                world => world.DatasetName = "empty",
                [Name, datasetName, Authorization, Store, NotFound, noDataset, conflict],
                (registry, world) => Shown.Outcome(() => registry.DeleteDataset(world.Name!, world.DatasetName!)),
                (registry, world) => Shown.Outcome(() => registry.DeleteDatasetAsync(world.Name!, world.DatasetName!))),
            new(
                "CreateBinding",
                "taken",
                world => world.Uri = "oss://fresh",
                [Name, datasetName, uri, Authorization, Store, NotFound, noDataset, bindingTaken, bindingsFull],
                (registry, world) => Shown.Outcome(() => registry.CreateBinding(world.Name!, world.DatasetName!, world.Uri!).Uri),
                (registry, world) => Shown.Outcome(
                    async () => _ = await registry.CreateBindingAsync(world.Name!, world.DatasetName!, world.Uri!))),
            new(
                "GetBinding",
                "taken",
                null,
                [Name, datasetName, uri, Authorization, NotFound, noDataset],
                (registry, world) => Shown.Outcome(() => registry.GetBinding(world.Name!, world.DatasetName!, world.Uri!)),
                null),
            new(
                "ListBindings",
                "taken",
                null,
                [Name, datasetName, Authorization, NotFound, noDataset],
                (registry, world) => Shown.Outcome(() => string.Join(';', registry.ListBindings(world.Name!, world.DatasetName!))),
                null),
            new(
                "DeleteBinding",
                "taken",
                null,
                [Name, datasetName, uri, Authorization, Store, NotFound, noDataset, noBinding],
                (registry, world) => Shown.Outcome(() => registry.DeleteBinding(world.Name!, world.DatasetName!, world.Uri!)),
                (registry, world) => Shown.Outcome(() => registry.DeleteBindingAsync(world.Name!, world.DatasetName!, world.Uri!))),
            new(
                "AddFiles",
                "taken",
                null,
                [
                    Name, datasetName, negativeFiles, negativeBytes, Authorization, Store, NotFound, noDataset,
                    [
                        new(
                            "there are more files than may be",
                            Exceeded("DatasetMaxFileCount", 2, 3, 4),
                            world => (world.FileLimit, world.FileCount) = (4, 2)),
                        new(
                            "the limit of files was lowered below what exists",
                            Exceeded("DatasetMaxFileCount", 1, 3, 2),
                            world => (world.FileLimit, world.FileCount) = (2, 1)),
                    ],
                    [
                        new(
                            "there are more bytes than may be",
                            Exceeded("DatasetMaxTotalFileSize", 2, 30, 31),
                            world => (world.SizeLimit, world.TotalFileSize) = (31, 2)),
                        new(
                            "the limit of bytes was lowered below what exists",
                            Exceeded("DatasetMaxTotalFileSize", 1, 30, 29),
                            world => (world.SizeLimit, world.TotalFileSize) = (29, 1)),
                    ],
                ],
                (registry, world) => Shown.Outcome(
                    () => registry.AddFiles(world.Name!, world.DatasetName!, world.FileCount, world.TotalFileSize).ToString()),
                (registry, world) => Shown.Outcome(
                    async () => _ = await registry.AddFilesAsync(world.Name!, world.DatasetName!, world.FileCount, world.TotalFileSize))),
            new(
                "RemoveFiles",
                "taken",
                null,
                [
                    Name, datasetName, negativeFiles, negativeBytes, Authorization, Store, NotFound, noDataset,
                    [new("there are fewer files", Invalid("FileCount"), world => world.FileCount = 4)],
                    [new("there are fewer bytes", Invalid("TotalFileSize"), world => world.TotalFileSize = 31)],
                ],
                (registry, world) => Shown.Outcome(
                    () => registry.RemoveFiles(world.Name!, world.DatasetName!, world.FileCount, world.TotalFileSize).ToString()),
                (registry, world) => Shown.Outcome(
                    async () => _ = await registry.RemoveFilesAsync(
                        world.Name!, world.DatasetName!, world.FileCount, world.TotalFileSize))),
        ];
    }

    private sealed partial class World
    {
        public string? DatasetName { get; set; } = "data";

        public string? Uri { get; set; } = "oss://bucket";

        public long FileCount { get; set; }

        public long TotalFileSize { get; set; }

        public long? DatasetLimit { get; set; }

        public long? BindLimit { get; set; }

        public long? FileLimit { get; set; }

        public long? SizeLimit { get; set; }

        public CreateDatasetRequest CreateDatasetRequest() => new()
        {
            ProjectName = Name,
            DatasetName = DatasetName,
            Description = Description,
            TemplateId = TemplateId,
            DatasetMaxBindCount = Limits[1],
            DatasetMaxFileCount = Limits[2],
            DatasetMaxEntityCount = Limits[3],
            DatasetMaxRelationCount = Limits[4],
            DatasetMaxTotalFileSize = Limits[5],
            Unreadable = Unreadable,
        };

        public UpdateDatasetRequest UpdateDatasetRequest() => new()
        {
            ProjectName = Name,
            DatasetName = DatasetName,
            Description = Description,
            TemplateId = TemplateId,
            DatasetMaxBindCount = Limits[1],
            DatasetMaxFileCount = Limits[2],
            DatasetMaxEntityCount = Limits[3],
            DatasetMaxRelationCount = Limits[4],
            DatasetMaxTotalFileSize = Limits[5],
            Unreadable = Unreadable,
        };

        public ListDatasetsRequest ListDatasetsRequest() => new()
        {
            ProjectName = Name,
            MaxResults = MaxResults,
            NextToken = NextToken,
            Prefix = Prefix,
            Unreadable = Unreadable,
        };

        private void PrepareDatasets(ProjectRegistry registry)
        {
            registry.CreateDataset(new CreateDatasetRequest { ProjectName = "taken", DatasetName = "data" });
            registry.CreateDataset(new CreateDatasetRequest { ProjectName = "taken", DatasetName = "empty" });
            registry.CreateBinding("taken", "data", "oss://bucket");
            registry.AddFiles("taken", "data", 3, 30);
            if (DatasetLimit is not null)
            {
                registry.Update(new UpdateProjectRequest { ProjectName = "taken", ProjectMaxDatasetCount = DatasetLimit });
            }

            if ((BindLimit ?? FileLimit ?? SizeLimit) is not null)
            {
                registry.UpdateDataset(new UpdateDatasetRequest
                {
                    ProjectName = "taken",
                    DatasetName = "data",
                    DatasetMaxBindCount = BindLimit,
                    DatasetMaxFileCount = FileLimit,
                    DatasetMaxTotalFileSize = SizeLimit,
                });
            }
        }
    }
}
