using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace Imm.Core.Tests.Model;

/// <summary>The rules for the fields of a project, through the registry, on creation and on update.</summary>
public sealed class FieldProperties : IDisposable
{
    private static readonly UTF32Encoding Utf32 = new(bigEndian: false, byteOrderMark: false, throwOnInvalidCharacters: true);

    private static readonly Dictionary<string, LimitField> Limits = new LimitField[]
    {
        new("ProjectMaxDatasetCount", 1_000_000_000, 1_000_000_000, (r, v) => r.ProjectMaxDatasetCount = v, p => p.ProjectMaxDatasetCount),
        new("DatasetMaxBindCount", 10, 10, (r, v) => r.DatasetMaxBindCount = v, p => p.DatasetMaxBindCount),
        new("DatasetMaxFileCount", 100_000_000, 100_000_000, (r, v) => r.DatasetMaxFileCount = v, p => p.DatasetMaxFileCount),
        new("DatasetMaxEntityCount", long.MaxValue, 10_000_000_000, (r, v) => r.DatasetMaxEntityCount = v, p => p.DatasetMaxEntityCount),
        new(
            "DatasetMaxRelationCount",
            long.MaxValue,
            100_000_000_000,
            (r, v) => r.DatasetMaxRelationCount = v,
            p => p.DatasetMaxRelationCount),
        new(
            "DatasetMaxTotalFileSize",
            long.MaxValue,
            90_000_000_000_000_000,
            (r, v) => r.DatasetMaxTotalFileSize = v,
            p => p.DatasetMaxTotalFileSize),
    }.ToDictionary(limit => limit.Parameter);

    private readonly ImmStore _store = ImmStore.InMemory(new ImmStoreOptions { ProjectQuota = int.MaxValue });
    private readonly ProjectRegistry _registry;
    private int _names;

    public FieldProperties()
    {
        _registry = _store.Registry("account", "region");
        _registry.Create(new CreateProjectRequest { ProjectName = "old" });
    }

    public static TheoryData<string> LimitNames => [.. Limits.Keys];

    public void Dispose() => _store.Dispose();

    [Theory]
    [MemberData(nameof(LimitNames))]
    public void Accepts_a_limit_up_to_both_ends_of_its_range_and_takes_the_default_where_it_is_absent(string parameter)
    {
        LimitField limit = Limits[parameter];
        Assert.Equal(limit.Default, limit.Get(_registry.Get("old")));
        foreach (long good in (long[])[1, 2, limit.Maximum - 1, limit.Maximum])
        {
            CheckLimit(limit, good);
        }

        foreach (long bad in (long[])[0, -1, long.MinValue, unchecked(limit.Maximum + 1), long.MaxValue])
        {
            CheckLimit(limit, bad);
        }
    }

    [Property(MaxTest = 500)]
    public Property Accepts_a_limit_in_its_range_and_leaves_the_others() => Prop.ForAll(
        Gen.Elements(Limits.Values.ToArray())
            .SelectMany(
                limit => Gen.OneOf(
                    Gen.Choose(-3, 12).Select(v => (long)v),
                    Gen.Choose(-2, 2).Select(v => unchecked(limit.Maximum + v)),
                    ArbMap.Default.GeneratorFor<long>()),
                (limit, value) => (limit, value))
            .ToArbitrary(),
        pair => CheckLimit(pair.limit, pair.value));

    [Property(MaxTest = 600)]
    public Property A_description_has_at_most_256_characters_and_is_kept_as_it_is() =>
        CheckText("Description", 256, (r, v) => r.Description = v, p => p.Description, "", _ => true);

    [Property(MaxTest = 600)]
    public Property A_template_has_at_most_128_characters_and_no_control_characters() =>
        CheckText("TemplateId", 128, (r, v) => r.TemplateId = v, p => p.TemplateId, "",
            text => text.All(c => c is not (< ' ' or (>= '\u007f' and < '\u00a0'))));

    [Property(MaxTest = 600)]
    public Property A_role_has_at_most_64_characters_of_its_alphabet() => CheckText(
        "ServiceRole",
        64,
        (r, v) => r.ServiceRole = v,
        p => p.ServiceRole,
        "AliyunIMMDefaultRole",
        text => text.All(c => c is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9') or '.' or '-' or '_'),
        from length in Gen.Frequency((1, Gen.Choose(0, 3)), (1, Gen.Choose(63, 65)))
        from characters in Gen.ArrayOf(Gen.Elements("azAZ09.-_".ToCharArray()), length)
        from stranger in Gen.Frequency(
            (3, Gen.Constant("")), (1, Gen.Elements(" ", "/", ":", "@", "[", "`", "{", "\u00e4", "\u017f", "\0")))
        from at in Gen.Choose(0, length)
        select new string(characters).Insert(at, stranger));

    [Theory]
    [InlineData("Official:DefaultEmptyId")]
    [InlineData("Official:OSSBasicMeta")]
    [InlineData("Official:FaceManagement")]
    [InlineData("Official:ImageManagement")]
    [InlineData("Official:AllFunction")]
    [InlineData("my own template")]
    public void The_known_templates_and_others_are_accepted(string templateId) =>
        Assert.Equal(templateId, _registry.Create(new CreateProjectRequest { ProjectName = "a", TemplateId = templateId }).TemplateId);

    [Fact]
    public void A_new_project_whose_request_sets_nothing_has_the_defaults_of_the_service()
    {
        Project project = _registry.Get("old");

        Assert.Equal(("", "AliyunIMMDefaultRole", ""), (project.Description, project.ServiceRole, project.TemplateId));
        Assert.Equal((100, 100), (project.ProjectQueriesPerSecond, project.EngineConcurrency));
        Assert.Equal((0, 0, 0), (project.DatasetCount, project.FileCount, project.TotalFileSize));
        Assert.Empty(project.Tags);
        Assert.Same(Quota.Default, project.Quota);
        Assert.Same(DatasetQuota.Default, project.Quota.Dataset);
        Assert.Equal(project.CreateTime, project.UpdateTime);
        Assert.Equal(TimeSpan.Zero, project.CreateTime.Offset);
    }

    private void CheckLimit(LimitField limit, long value)
    {
        var create = new CreateProjectRequest { ProjectName = NewName() };
        limit.Set(create, value);
        var update = new UpdateProjectRequest { ProjectName = "old" };
        limit.Set(update, value);
        Project before = _registry.Get("old");
        if (value >= 1 && value <= limit.Maximum)
        {
            CheckOnly(limit, value, _registry.Create(create), Quota.Default);
            CheckOnly(limit, value, _registry.Update(update), before.Quota);
            return;
        }

        foreach (Action call in (Action[])[() => _registry.Create(create), () => _registry.Update(update)])
        {
            ImmException refusal = Assert.Throws<ImmException>(call);
            Assert.Equal(
                value < 1
                    ? (ImmErrorCode.InvalidArgument, limit.Parameter, null, null)
                    : (ImmErrorCode.LimitExceededError, limit.Parameter, (long?)value, (long?)limit.Maximum),
                (refusal.Code, refusal.Parameter, refusal.Requested, refusal.Limit));
        }

        Assert.Same(before, _registry.Get("old"));
    }

    private static void CheckOnly(LimitField limit, long value, Project project, Quota before)
    {
        long[] expected =
        [
            before.ProjectMaxDatasetCount, before.DatasetMaxBindCount, before.DatasetMaxFileCount,
            before.DatasetMaxEntityCount, before.DatasetMaxRelationCount, before.DatasetMaxTotalFileSize,
        ];
        expected[Limits.Keys.ToList().IndexOf(limit.Parameter)] = value;
        Assert.Equal(expected, Limits.Values.Select(other => other.Get(project)));
        long[] together =
        [
            project.Quota.ProjectMaxDatasetCount, project.Quota.DatasetMaxBindCount, project.Quota.DatasetMaxFileCount,
            project.Quota.DatasetMaxEntityCount, project.Quota.DatasetMaxRelationCount, project.Quota.DatasetMaxTotalFileSize,
        ];
        Assert.Equal(expected, together);
    }

    private Property CheckText(
        string parameter,
        int maximum,
        Action<ProjectRequest, string> set,
        Func<Project, string> get,
        string empty,
        Func<string, bool> allows,
        Gen<string>? texts = null) => Prop.ForAll((texts ?? Generators.Utf16(maximum)).ToArbitrary(), text =>
    {
        var create = new CreateProjectRequest { ProjectName = NewName() };
        set(create, text);
        var update = new UpdateProjectRequest { ProjectName = "old" };
        set(update, text);
        Project before = _registry.Get("old");
        if (CountCharacters(text) <= maximum && allows(text))
        {
            string expected = text.Length == 0 ? empty : text;
            Assert.Equal(expected, get(_registry.Create(create)));
            Assert.Equal(expected, get(_registry.Update(update)));
            return;
        }

        foreach (Action call in (Action[])[() => _registry.Create(create), () => _registry.Update(update)])
        {
            ImmException refusal = Assert.Throws<ImmException>(call);
            Assert.Equal((ImmErrorCode.InvalidArgument, parameter), (refusal.Code, refusal.Parameter));
        }

        Assert.Same(before, _registry.Get("old"));
    });

    /// <summary>The length of a text in characters; null where a surrogate lacks its partner.</summary>
    private static int? CountCharacters(string text)
    {
        try
        {
            return Utf32.GetByteCount(text) / 4;
        }
        catch (EncoderFallbackException)
        {
            return null;
        }
    }

    private string NewName() => $"n{++_names}";

    private sealed record LimitField(
        string Parameter,
        long Maximum,
        long Default,
        Action<ProjectRequest, long> Set,
        Func<Project, long> Get)
    {
        public override string ToString() => Parameter;
    }
}
