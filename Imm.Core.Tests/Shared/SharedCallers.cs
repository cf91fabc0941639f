using System.Globalization;
using Xunit;

namespace Imm.Core.Tests.Shared;

/// <summary>
/// Callers that each create and delete projects of their own, in scopes that they share, so that a caller's number of changes alone says
/// which of its projects must be there.
/// </summary>
internal sealed class SharedCaller(int process, int caller, int scopes = 3)
{
    public const int Quota = 1_000_000;

    private long _done;

    /// <summary>The number of changes that were acknowledged.</summary>
    public long Done
    {
        get => Volatile.Read(ref _done);
        set => Volatile.Write(ref _done, value);
    }

    private string Region => $"r{caller % scopes}";

    private string Prefix => string.Create(CultureInfo.InvariantCulture, $"p{process}c{caller}n");

    /// <summary>Makes the next change. A refusal other than that the database does not answer is an error of the store.</summary>
    public async Task StepAsync(ImmStore store)
    {
        ProjectRegistry registry = store.Registry("account", Region);
        long n = _done;
        if (n % 4 == 3)
        {
            await registry.DeleteAsync(Name(n - 2));
        }
        else
        {
            await registry.CreateAsync(new CreateProjectRequest { ProjectName = Name(n), Description = Text(n) });
        }

        Done = n + 1;
    }

    /// <summary>Checks that the changes are there that were acknowledged, each once, and at most one more.</summary>
    public void Verify(ImmStore store, int unacknowledged)
    {
        string[] found =
        [
            .. store.Registry("account", Region).ListAll(Prefix)
                .Select(project => project.ProjectName.Value + "=" + project.Description).Order(StringComparer.Ordinal),
        ];
        string[] shown = [.. Enumerable.Range(0, unacknowledged + 1).Select(more => string.Join(' ', State(Done + more)))];
        Assert.Contains(string.Join(' ', found), shown);
    }

    /// <summary>Takes a change into account that was made and not acknowledged.</summary>
    public void CatchUp(ImmStore store)
    {
        ProjectRegistry registry = store.Registry("account", Region);
        bool isMade = Done % 4 == 3 ? !registry.TryGet(Name(Done - 2), out _) : registry.TryGet(Name(Done), out _);
        Done += isMade ? 1 : 0;
    }

    private SortedSet<string> State(long done)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        for (long n = 0; n < done; n++)
        {
            _ = n % 4 == 3 ? names.Remove($"{Name(n - 2)}={Text(n - 2)}") : names.Add($"{Name(n)}={Text(n)}");
        }

        return names;
    }

    private string Name(long n) => Prefix + Text(n);

    private static string Text(long n) => n.ToString(CultureInfo.InvariantCulture);
}
