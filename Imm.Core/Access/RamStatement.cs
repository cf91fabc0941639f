namespace Imm.Core.Access;

/// <summary>One statement of a policy. Immutable.</summary>
internal sealed class RamStatement(
    bool isAllow, bool isNotAction, RamPattern[] actions, RamResourcePattern[] resources, RamCondition[] conditions)
{
    public bool IsAllow => isAllow;

    public bool IsNotAction => isNotAction;

    public RamPattern[] Actions => actions;

    public RamResourcePattern[] Resources => resources;

    public RamCondition[] Conditions => conditions;

    /// <summary>True if action, resource and conditions all match.</summary>
    public bool Applies(string action, in RamResource resource, IReadOnlyDictionary<string, string> values) =>
        CoversAction(action) && CoversResource(resource) && FirstUnmet(values) < 0;

    public bool CoversAction(string action)
    {
        foreach (RamPattern pattern in actions)
        {
            if (pattern.Matches(action))
            {
                return !isNotAction;
            }
        }

        return isNotAction;
    }

    public bool CoversResource(in RamResource resource)
    {
        foreach (RamResourcePattern pattern in resources)
        {
            if (pattern.Matches(resource))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The position of the first condition that is not met; -1 where all are.</summary>
    public int FirstUnmet(IReadOnlyDictionary<string, string> values)
    {
        for (int i = 0; i < conditions.Length; i++)
        {
            if (!conditions[i].IsMet(values))
            {
                return i;
            }
        }

        return -1;
    }
}
