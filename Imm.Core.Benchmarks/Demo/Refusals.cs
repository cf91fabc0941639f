namespace Imm.Core.Benchmarks.Demo;

/// <summary>What the attempts act on.</summary>
/// <param name="Path">The file of a store that is open.</param>
/// <param name="Registry">A registry of that store, which has as many projects as its quota allows.</param>
/// <param name="Existing">The name of one of them.</param>
/// <param name="Dataset">The only dataset of that one; it has a binding and 100 files, as many as it may have.</param>
/// <param name="Guarded">A registry whose authorizer allows only reading.</param>
internal sealed record Scene(string Path, ProjectRegistry Registry, string Existing, string Dataset, ProjectRegistry Guarded);

/// <summary>Something that is refused, and how.</summary>
internal sealed record Attempt(string What, Action<Scene> Try, string Code, string? Parameter = null)
{
    public long? Requested { get; init; }

    public long? Used { get; init; }

    public long? Limit { get; init; }
}

/// <summary>Every kind of refusal, as a caller meets it.</summary>
internal static class Refusals
{
    // To show one more, add it here.
    private static readonly Attempt[] All =
    [
        new("a project without a name", on => on.Registry.Create(new()), ImmErrorCode.InvalidArgument, "ProjectName"),
        new("a name that starts with a digit", on => on.Registry.Create(new() { ProjectName = "2026-photos" }), ImmErrorCode.InvalidArgument, "ProjectName"),
        new(
            "a limit below its minimum",
            on => on.Registry.Create(new() { ProjectName = "small", DatasetMaxFileCount = 0 }),
            ImmErrorCode.InvalidArgument,
            "DatasetMaxFileCount"),
        new(
            "a limit above its maximum",
            on => on.Registry.Create(new() { ProjectName = "large", DatasetMaxBindCount = 11 }),
            ImmErrorCode.LimitExceededError,
            "DatasetMaxBindCount")
        {
            Requested = 11,
            Limit = 10,
        },
        new(
            "a project with 21 tags",
            on => on.Registry.Create(new() { ProjectName = "tagged", Tag = [.. Enumerable.Range(1, 21).Select(n => new Tag($"key-{n}"))] }),
            ImmErrorCode.LimitExceededError,
            "Tag")
        {
            Requested = 21,
            Limit = 20,
        },
        new(
            "a tag with a reserved key",
            on => on.Registry.Create(new() { ProjectName = "reserved", Tag = [new Tag("acs:owner", "me")] }),
            ImmErrorCode.InvalidArgument,
            "Tag"),
        new("project number 101", on => on.Registry.Create(new() { ProjectName = "one-too-many" }), ImmErrorCode.LimitExceededError, "ProjectName")
        {
            Requested = 1,
            Used = 100,
            Limit = 100,
        },
        new("a name that is taken", on => on.Registry.Create(new() { ProjectName = on.Existing }), ImmErrorCode.ResourceAlreadyExists, "ProjectName"),
        new("a project that is not there", on => on.Registry.Get("nowhere"), ImmErrorCode.ResourceNotFound, "ProjectName"),
        new("an update that changes nothing", on => on.Registry.Update(new() { ProjectName = on.Existing }), ImmErrorCode.InvalidArgument),
        new("a page token that is none", on => on.Registry.List(new() { NextToken = "page 2" }), ImmErrorCode.InvalidArgument, "NextToken"),
        new("a project that still has a dataset", on => on.Registry.Delete(on.Existing), ImmErrorCode.StatusConflict, "ProjectName"),
        new(
            "a file too many for its dataset",
            on => on.Registry.AddFiles(on.Existing, on.Dataset, fileCount: 1, totalFileSize: 1_000),
            ImmErrorCode.LimitExceededError,
            "DatasetMaxFileCount")
        {
            Requested = 1,
            Used = 100,
            Limit = 100,
        },
        new(
            "more files removed than there are",
            on => on.Registry.RemoveFiles(on.Existing, on.Dataset, fileCount: 101, totalFileSize: 0),
            ImmErrorCode.InvalidArgument,
            "FileCount"),
        new("what the authorizer denies", on => on.Guarded.Create(new() { ProjectName = "forbidden" }), ImmErrorCode.NoPermission),
        new("the same file once more", on => ImmStore.Open(on.Path).Dispose(), ImmErrorCode.ServiceUnavailable),
    ];

    public static IEnumerable<(string What, ImmException? Refusal)> Try(Scene scene, Findings findings)
    {
        foreach (Attempt attempt in All)
        {
            ImmException? refusal = null;
            try
            {
                attempt.Try(scene);
            }
            catch (ImmException e)
            {
                refusal = e;
            }

            findings.Expect(
                refusal is not null
                && refusal.Code == attempt.Code
                && refusal.Parameter == attempt.Parameter
                && refusal.Requested == attempt.Requested
                && refusal.Used == attempt.Used
                && refusal.Limit == attempt.Limit,
                () => $"{attempt.What}: {attempt.Code} was expected of {attempt.Parameter ?? "no parameter"}, and came: {(refusal is null ? "no refusal" : $"{refusal.Code}, {refusal.Message}")}");
            yield return (attempt.What, refusal);
        }
    }

    /// <summary>Allows what only reads.</summary>
    public sealed class ReadOnlyAuthorizer : IImmAuthorizer
    {
        public AuthorizationDecision Authorize(AuthorizationRequest request) => request.Action is "imm:GetProject" or "imm:ListProjects"
            ? AuthorizationDecision.Allow
            : AuthorizationDecision.Deny($"{request.Action} on {request.Resource} is denied.");
    }
}
