using System.Globalization;

namespace Imm.Core.Tests.Registry;

/// <summary>One call: its caller, its begin and end on a counter that all callers share, the operation and its outcome.</summary>
internal sealed record Call(int Caller, long Begin, long End, string Operation, string Name, string Outcome)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Caller}: {Begin}-{End} {Operation} {Name} = {Outcome}");
}

/// <summary>
/// Checks by an exhaustive search that a history is linearizable: its calls could have taken place one after the other, each at one moment
/// between its begin and its end, on a model of names with descriptions and a quota.
/// </summary>
internal static class History
{
    public static bool IsLinearizable(IReadOnlyList<Call> calls, int quota)
    {
        var failed = new HashSet<string>();
        return Search(0, Model.Empty(quota));

        bool Search(long done, Model model)
        {
            if (done == (1L << calls.Count) - 1)
            {
                return true;
            }

            if (!failed.Add($"{done} {model}"))
            {
                return false;
            }

            // A call cannot take place before one that had ended when it began.
            long firstEnd = long.MaxValue;
            for (int i = 0; i < calls.Count; i++)
            {
                firstEnd = (done & (1L << i)) == 0 ? Math.Min(firstEnd, calls[i].End) : firstEnd;
            }

            for (int i = 0; i < calls.Count; i++)
            {
                if ((done & (1L << i)) == 0
                    && calls[i].Begin < firstEnd
                    && model.Apply(calls[i]) is { } next
                    && Search(done | (1L << i), next))
                {
                    return true;
                }
            }

            return false;
        }
    }

    private sealed record Model(string Projects, int Quota)
    {
        public static Model Empty(int quota) => new("", quota);

        /// <summary>The model after a call; null if the call cannot have this outcome here.</summary>
        public Model? Apply(Call call)
        {
            var projects = new SortedDictionary<string, string>(
                Projects.Split(';', StringSplitOptions.RemoveEmptyEntries)
                    .Select(text => text.Split('='))
                    .ToDictionary(pair => pair[0], pair => pair[1]),
                StringComparer.Ordinal);
            bool exists = projects.TryGetValue(call.Name, out string? description);
            string[] parts = call.Operation.Split(' ');
            int quota = Quota;
            string outcome;
            switch (parts[0])
            {
                case "create":
                    outcome = exists ? "exists" : projects.Count >= quota ? $"full {projects.Count}/{quota}" : "done";
                    projects[call.Name] = outcome == "done" ? parts[1] : description ?? "";
                    break;
                case "ensure":
                    outcome = exists ? $"found {description}" : projects.Count >= quota ? $"full {projects.Count}/{quota}" : "done";
                    projects[call.Name] = outcome == "done" ? parts[1] : description ?? "";
                    break;
                case "update":
                    outcome = exists ? "done" : "missing";
                    projects[call.Name] = parts[1];
                    break;
                case "delete":
                    outcome = exists ? "done" : "missing";
                    projects.Remove(call.Name);
                    break;
                case "get":
                    outcome = exists ? description! : "missing";
                    break;
                case "list":
                    outcome = Show(projects);
                    break;
                default:
                    outcome = "done";
                    quota = int.Parse(parts[1], CultureInfo.InvariantCulture);
                    break;
            }

            bool changes = outcome == "done";
            return outcome != call.Outcome ? null : changes ? new Model(Show(projects), quota) : this;
        }

        private static string Show(SortedDictionary<string, string> projects) =>
            string.Concat(projects.Select(pair => $"{pair.Key}={pair.Value};"));
    }
}
