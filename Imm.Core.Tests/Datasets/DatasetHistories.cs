using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Imm.Core.Tests.Storage;
using Xunit;

namespace Imm.Core.Tests.Datasets;

/// <summary>Random histories of datasets, bindings and files with reopens, against a simple model.</summary>
public sealed class DatasetHistories
{
    private static readonly string[] Projects = ["p", "q"];
    private static readonly string[] Names = ["a", "b", "c"];

    [Property(MaxTest = 60)]
    public Property The_sums_equal_the_parts_after_any_history() => SumsEqualTheParts(() =>
    {
        var disk = new SimulatedDisk();
        return () => ImmStore.Open(
            new ImmStoreOptions { Path = "/store" }, disk, settings => settings with { CheckpointLength = 8192 });
    });

    /// <param name="begin">Makes an empty store, and gives what opens it, also again.</param>
    internal static Property SumsEqualTheParts(Func<Func<ImmStore>> begin) => Prop.ForAll(Arb.From(Steps()), steps =>
    {
        Func<ImmStore> open = begin();
        ImmStore store = open();
        try
        {
            var model = new Dictionary<(string Project, string Dataset), (long Files, long Bytes, HashSet<string> Buckets)>();
            foreach (string project in Projects)
            {
                store.Registry("account", "region").Create(
                    new() { ProjectName = project, ProjectMaxDatasetCount = 2, DatasetMaxFileCount = 9, DatasetMaxTotalFileSize = 50 });
            }

            foreach (Step step in steps)
            {
                if (step.Kind == StepKind.Reopen)
                {
                    store.Dispose();
                    store = open();
                }
                else
                {
                    bool expected = Apply(model, step);
                    Assert.Equal(expected, TryDo(() => Do(store.Registry("account", "region"), step)));
                }

                Compare(model, store.Registry("account", "region"));
            }

            Assert.Empty(store.Check());
        }
        finally
        {
            store.Dispose();
        }
    });

    private static Gen<Step[]> Steps() => (
        from kind in Gen.Frequency(
            (3, Gen.Constant(StepKind.Create)),
            (2, Gen.Constant(StepKind.Delete)),
            (6, Gen.Constant(StepKind.Add)),
            (4, Gen.Constant(StepKind.Remove)),
            (2, Gen.Constant(StepKind.AddBoth)),
            (1, Gen.Constant(StepKind.Bind)),
            (1, Gen.Constant(StepKind.Unbind)),
            (1, Gen.Constant(StepKind.Reopen)))
        from project in Gen.Elements(Projects)
        from dataset in Gen.Elements(Names)
        from files in Gen.Choose(0, 5)
        from bytes in Gen.Choose(0, 30)
        select new Step(kind, project, dataset, files, bytes)).ArrayOf();

    private static void Do(ProjectRegistry registry, Step step)
    {
        switch (step.Kind)
        {
            case StepKind.Create:
                registry.CreateDataset(new() { ProjectName = step.Project, DatasetName = step.Dataset, DatasetMaxBindCount = 1 });
                break;
            case StepKind.Delete:
                registry.DeleteDataset(step.Project, step.Dataset);
                break;
            case StepKind.Add:
                registry.AddFiles(step.Project, step.Dataset, step.Files, step.Bytes);
                break;
            case StepKind.Remove:
                registry.RemoveFiles(step.Project, step.Dataset, step.Files, step.Bytes);
                break;
            case StepKind.AddBoth:
                registry.AddFiles([new("p", step.Dataset, step.Files, step.Bytes), new("q", step.Dataset, step.Files, step.Bytes)]);
                break;
            case StepKind.Bind:
                registry.CreateBinding(step.Project, step.Dataset, $"oss://{step.Files}");
                break;
            default:
                registry.DeleteBinding(step.Project, step.Dataset, $"oss://{step.Files}");
                break;
        }
    }

    private static bool Apply(
        Dictionary<(string Project, string Dataset), (long Files, long Bytes, HashSet<string> Buckets)> model, Step step)
    {
        (string, string) key = (step.Project, step.Dataset);
        bool exists = model.TryGetValue(key, out (long Files, long Bytes, HashSet<string> Buckets) dataset);
        switch (step.Kind)
        {
            case StepKind.Create when !exists && model.Keys.Count(other => other.Project == step.Project) < 2:
                model[key] = (0, 0, []);
                return true;
            case StepKind.Delete when exists && dataset.Files == 0 && dataset.Buckets.Count == 0:
                return model.Remove(key);
            case StepKind.Add when exists && Fits(dataset, step):
                model[key] = (dataset.Files + step.Files, dataset.Bytes + step.Bytes, dataset.Buckets);
                return true;
            case StepKind.Remove when exists && dataset.Files >= step.Files && dataset.Bytes >= step.Bytes:
                model[key] = (dataset.Files - step.Files, dataset.Bytes - step.Bytes, dataset.Buckets);
                return true;
            case StepKind.AddBoth
                when Projects.All(project => model.TryGetValue((project, step.Dataset), out var other) && Fits(other, step)):
                foreach (string project in Projects)
                {
                    var other = model[(project, step.Dataset)];
                    model[(project, step.Dataset)] = (other.Files + step.Files, other.Bytes + step.Bytes, other.Buckets);
                }

                return true;
            case StepKind.Bind when exists && dataset.Buckets.Count == 0:
                return dataset.Buckets.Add($"oss://{step.Files}");
            case StepKind.Unbind when exists:
                return dataset.Buckets.Remove($"oss://{step.Files}");
            default:
                return false;
        }
    }

    private static bool Fits((long Files, long Bytes, HashSet<string> Buckets) dataset, Step step) =>
        dataset.Files + step.Files <= 9 && dataset.Bytes + step.Bytes <= 50;

    private static void Compare(
        Dictionary<(string Project, string Dataset), (long Files, long Bytes, HashSet<string> Buckets)> model, ProjectRegistry registry)
    {
        foreach (string project in Projects)
        {
            var expected = model
                .Where(pair => pair.Key.Project == project)
                .OrderBy(pair => pair.Key.Dataset, StringComparer.Ordinal)
                .ToArray();
            IReadOnlyList<Dataset> found = registry.ListDatasets(new() { ProjectName = project }).Datasets;
            Assert.Equal(
                expected.Select(pair => (pair.Key.Dataset, pair.Value.Files, pair.Value.Bytes, (long)pair.Value.Buckets.Count)),
                found.Select(dataset => (dataset.DatasetName, dataset.FileCount, dataset.TotalFileSize, dataset.BindCount)));
            Project sums = registry.Get(project);
            Assert.Equal(
                (expected.LongLength, expected.Sum(pair => pair.Value.Files), expected.Sum(pair => pair.Value.Bytes)),
                (sums.DatasetCount, sums.FileCount, sums.TotalFileSize));
        }
    }

    private static bool TryDo(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (ImmException e) when (e.Code != ImmErrorCode.ServiceUnavailable)
        {
            return false;
        }
    }

    private enum StepKind
    {
        Create,
        Delete,
        Add,
        Remove,
        AddBoth,
        Bind,
        Unbind,
        Reopen,
    }

    private sealed record Step(StepKind Kind, string Project, string Dataset, int Files, int Bytes);
}
