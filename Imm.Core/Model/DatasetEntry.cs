using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>A dataset with its bindings and the number under which it is stored. Immutable.</summary>
internal sealed class DatasetEntry : INamed
{
    public DatasetEntry(long number, Dataset dataset, Binding[] bindings)
    {
        Invariant.Holds(dataset.BindCount == bindings.Length, "a dataset counts its bindings");
        Number = number;
        Dataset = dataset;
        Bindings = bindings;
    }

    /// <summary>The number of the dataset in its scope.</summary>
    public long Number { get; }

    public string Name => Dataset.DatasetName;

    public Dataset Dataset { get; }

    /// <summary>The bindings, in ordinal order of their URIs; never changed in place.</summary>
    public Binding[] Bindings { get; }

    /// <summary>Finds the binding of a URI; null where there is none.</summary>
    public Binding? Find(string uri) => Array.Find(Bindings, binding => binding.Uri == uri);

    /// <summary>Copies the entry with other fields or counts of the dataset.</summary>
    public DatasetEntry With(Dataset dataset) => new(Number, dataset, Bindings);

    /// <summary>Copies the entry with other bindings.</summary>
    public DatasetEntry With(Binding[] bindings, long revision) =>
        new(Number, Dataset with { BindCount = bindings.Length, Revision = revision }, bindings);
}
