using System.Globalization;
using Imm.Core.Model;
using Imm.Core.Tests.Storage;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Imm.Core.Tests.Registry;

/// <summary>
/// Every refusal of every operation, in the order of the checks. Each row breaks one rule and every later one as well, so that a test fails
/// if two checks are swapped. It also asserts that nothing was changed and nothing was written to the disk.
/// </summary>
public sealed partial class RefusalTable
{
    private const string LoneSurrogate = "a\ud83d";

    private static readonly Breach[] Name =
    [
        new("the name is missing", Invalid("ProjectName"), world => world.Name = null),
        new("the name is empty", Invalid("ProjectName"), world => world.Name = ""),
        new("the name starts with a digit", Invalid("ProjectName"), world => world.Name = "1a"),
        new("the name starts with a hyphen", Invalid("ProjectName"), world => world.Name = "-a"),
        new("the name holds a dot", Invalid("ProjectName"), world => world.Name = "a.b"),
        new("the name holds a letter that is not ASCII", Invalid("ProjectName"), world => world.Name = "\u00e4"),
        new("the name holds a lone surrogate", Invalid("ProjectName"), world => world.Name = LoneSurrogate),
        new("the name ends with a space", Invalid("ProjectName"), world => world.Name = "taken "),
        new("the name has 129 characters", Invalid("ProjectName"), world => world.Name = new string('a', 129)),
    ];

    private static readonly Breach[][] Fields =
    [
        [
            new("the description has 257 characters", Invalid("Description"), world => world.Description = Emoji(257)),
            new("the description holds a lone surrogate", Invalid("Description"), world => world.Description = LoneSurrogate),
        ],
        [
            new("the role has 65 characters", Invalid("ServiceRole"), world => world.ServiceRole = new string('a', 65)),
            new("the role holds a space", Invalid("ServiceRole"), world => world.ServiceRole = " "),
            new("the role holds a letter that is not ASCII", Invalid("ServiceRole"), world => world.ServiceRole = "\u00e4"),
            new("the role holds a lone surrogate", Invalid("ServiceRole"), world => world.ServiceRole = LoneSurrogate),
        ],
        [
            new("the template has 129 characters", Invalid("TemplateId"), world => world.TemplateId = Emoji(129)),
            new("the template holds a control character", Invalid("TemplateId"), world => world.TemplateId = "a\tb"),
            new("the template holds a C1 control character", Invalid("TemplateId"), world => world.TemplateId = "a\u0085"),
            new("the template holds a lone surrogate", Invalid("TemplateId"), world => world.TemplateId = LoneSurrogate),
        ],
        Limit("ProjectMaxDatasetCount", 0, 1_000_000_000),
        Limit("DatasetMaxBindCount", 1, 10),
        Limit("DatasetMaxFileCount", 2, 100_000_000),
        Limit("DatasetMaxEntityCount", 3, long.MaxValue),
        Limit("DatasetMaxRelationCount", 4, long.MaxValue),
        Limit("DatasetMaxTotalFileSize", 5, long.MaxValue),
    ];

    private static readonly Breach[][] Tags =
    [
        [
            new(
                "the tags are unreadable",
                Invalid("Tag"),
                world => world.Unreadable.Add(ImmRefusal.Invalid("Tag", "it is not a list of tags."))),
        ],
        [
            new("there are 21 tags", Exceeded("Tag", 21, null, 20), world => world.Tags = [.. new Tag[20], new Tag("")]),
        ],
        [
            new("a tag is null", Invalid("Tag"), world => world.Tags = [null!, new("")]),
            new("a key is empty", Invalid("Tag"), world => world.Tags = [new("", LoneSurrogate), new("")]),
            new("a key has 129 characters", Invalid("Tag"), world => world.Tags = [new(Emoji(129))]),
            new("a key holds a lone surrogate", Invalid("Tag"), world => world.Tags = [new(LoneSurrogate)]),
            new("a key starts with aliyun", Invalid("Tag"), world => world.Tags = [new("AliYun")]),
            new("a key starts with acs:", Invalid("Tag"), world => world.Tags = [new("Acs:a")]),
            new("a key contains http://", Invalid("Tag"), world => world.Tags = [new("a Http://b")]),
            new("a key contains https://", Invalid("Tag"), world => world.Tags = [new("a httpS://b")]),
            new("a value has 129 characters", Invalid("Tag"), world => world.Tags = [new("a", Emoji(129))]),
            new("a value holds a lone surrogate", Invalid("Tag"), world => world.Tags = [new("a", LoneSurrogate)]),
            new("a value starts with acs:", Invalid("Tag"), world => world.Tags = [new("a", "ACS:")]),
            new("a value contains http://", Invalid("Tag"), world => world.Tags = [new("a", "HTTP://")]),
            new("a value contains https://", Invalid("Tag"), world => world.Tags = [new("a", "see HTTPS://x")]),
            new("a key stands twice", Invalid("Tag"), world => world.Tags = [new("a", "1"), new("b"), new("a", "2")]),
        ],
    ];

    private static readonly Breach[] SetsNothing =
        [new("nothing is set", Shown.Refusal(ImmErrorCode.InvalidArgument, 400), world => world.SetNothing())];

    private static readonly Breach[] Authorization =
        [new("the authorizer refuses", Shown.Refusal(ImmErrorCode.NoPermission, 403), world => world.Denies = true)];

    private static readonly Breach[] Store =
        [new("the store has failed", Shown.Refusal(ImmErrorCode.ServiceUnavailable, 503), world => world.HasFailed = true)];

    private static readonly Breach[] NotFound =
        [new("there is no such project", Shown.Refusal(ImmErrorCode.ResourceNotFound, 404, "ProjectName"), world => world.Name = "absent")];

    private static readonly Breach[] HasDatasets =
        [new("the project has datasets", Shown.Refusal(ImmErrorCode.StatusConflict, 400, "ProjectName"), world => world.Name = "taken")];

    private static readonly Breach[] Taken =
        [new("the name is taken", Shown.Refusal(ImmErrorCode.ResourceAlreadyExists, 400, "ProjectName"), world => world.Name = "taken")];

    private static readonly Breach[] Full =
    [
        new("the quota is used up", Exceeded("ProjectName", 1, 2, 2), world => world.ProjectQuota = 2),
        new("the quota was lowered below what exists", Exceeded("ProjectName", 1, 2, 1), world => world.ProjectQuota = 1),
        new("the quota is 0", Exceeded("ProjectName", 1, 2, 0), world => world.ProjectQuota = 0),
    ];

    private static readonly Breach[][] Page =
    [
        [
            new(
                "the page size is unreadable",
                Invalid("MaxResults"),
                world => world.Unreadable.Add(ImmRefusal.Invalid("MaxResults", "it is not a number."))),
            new("the page size is negative", Invalid("MaxResults"), world => world.MaxResults = -1),
            new("the page size is 201", Invalid("MaxResults"), world => world.MaxResults = 201),
            new("the page size is the least int", Invalid("MaxResults"), world => world.MaxResults = int.MinValue),
            new("the page size is the greatest int", Invalid("MaxResults"), world => world.MaxResults = int.MaxValue),
        ],
        [
            new("the token is not base64", Invalid("NextToken"), world => world.NextToken = "?"),
            new("the token is of another account", Invalid("NextToken"), world => world.NextToken = PageToken.Write("other", "taken")),
        ],
        [
            new("the prefix has 129 characters", Invalid("Prefix"), world => world.Prefix = Emoji(129)),
            new("the prefix holds a lone surrogate", Invalid("Prefix"), world => world.Prefix = LoneSurrogate),
        ],
    ];

    private static readonly Operation[] ProjectOperations =
    [
        new(
            "Create",
            "free",
            null,
            [Name, .. Fields, .. Tags, Authorization, Store, Taken, Full],
            (registry, world) => Shown.Outcome(() => registry.Create(world.CreateRequest())),
            (registry, world) => Shown.Outcome(() => registry.CreateAsync(world.CreateRequest()))),
        new(
            "Update",
            "taken",
            null,
            [Name, .. Fields, .. Tags, SetsNothing, Authorization, Store, NotFound],
            (registry, world) => Shown.Outcome(() => registry.Update(world.UpdateRequest())),
            (registry, world) => Shown.Outcome(() => registry.UpdateAsync(world.UpdateRequest()))),
        new(
            "List",
            "taken",
            null,
            [.. Page, .. Tags, Authorization],
            (registry, world) => Shown.Outcome(() => Shown.Page(registry.List(world.ListRequest()))),
            null),
        new(
            "Get",
            "taken",
            null,
            [Name, Authorization, NotFound],
            (registry, world) => Shown.Outcome(() => registry.Get(world.Name!)),
            null),
        new(
            "Delete",
            "z",
            null,
            [Name, Authorization, Store, NotFound, HasDatasets],
            (registry, world) => Shown.Outcome(() => registry.Delete(world.Name!)),
            (registry, world) => Shown.Outcome(() => registry.DeleteAsync(world.Name!))),
    ];

    private static readonly Dictionary<string, Row> Rows =
        ProjectOperations.Concat(DatasetOperations()).SelectMany(RowsOf).ToDictionary(row => row.Title);

    public static TheoryData<string> Titles => [.. Rows.Keys];

    public static TheoryData<string> OperationNames => [.. Rows.Values.Select(row => row.Operation.Name).Distinct()];

    [Theory]
    [MemberData(nameof(Titles))]
    public async Task A_request_is_refused_for_the_first_rule_that_it_breaks(string title)
    {
        var disk = new SimulatedDisk();
        var faults = new FaultyDisk(disk);
        await VerifyAsync(
            title,
            options =>
            {
                options.Path = "/store/projects.db";
                return ImmStore.Open(options, faults);
            },
            "account",
            store =>
            {
                faults.FailAt(1, FaultKinds.Flush);
                Assert.Throws<ImmException>(() => store.Registry("account", "elsewhere").Create(new() { ProjectName = "lost" }));
            },
            () => disk.Operations);
    }

    /// <summary>Verifies a row of the table.</summary>
    /// <param name="title">The title of the row.</param>
    /// <param name="open">Opens a store in which the account has nothing.</param>
    /// <param name="accountId">The account.</param>
    /// <param name="fail">Brings the store into a state in which it refuses every change, and reads go on.</param>
    /// <param name="written">Gives a value that each change of what is stored changes.</param>
    internal static async Task VerifyAsync(
        string title, Func<ImmStoreOptions, ImmStore> open, string accountId, Action<ImmStore> fail, Func<object?> written)
    {
        Row row = Rows[title];
        World world = row.World();
        using ImmStore store = open(new ImmStoreOptions { Authorizer = world, TimeProvider = new FakeTimeProvider() });
        ProjectRegistry registry = store.Registry(accountId, "region");
        string before = world.Prepare(registry, () => fail(store));
        object? writtenBefore = written();

        Assert.Equal(row.Refusal, row.Operation.Call(registry, world));
        if (row.Operation.CallAsync is { } callAsync)
        {
            Assert.Equal(row.Refusal, await callAsync(registry, world));
        }

        Assert.Equal(writtenBefore, written());
        world.Denies = false;
        Assert.Equal(before, Shown.Content(registry));
    }

    [Theory]
    [MemberData(nameof(OperationNames))]
    public void The_same_request_succeeds_when_it_breaks_no_rule(string name)
    {
        Operation operation = Rows.Values.First(row => row.Operation.Name == name).Operation;
        World world = operation.GoodWorld();
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions { Authorizer = world });
        ProjectRegistry registry = store.Registry("account", "region");
        world.Prepare(registry, fail: null);

        Assert.DoesNotMatch("^[345][0-9][0-9] ", operation.Call(registry, world));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("1a")]
    [InlineData("taken ")]
    [InlineData("absent")]
    public void TryGet_returns_false_for_an_absent_or_malformed_name(string? name)
    {
        using ImmStore store = ImmStore.InMemory();
        ProjectRegistry registry = store.Registry("account", "region");
        registry.Create(new CreateProjectRequest { ProjectName = "taken" });

        Assert.False(registry.TryGet(name, out Project? project));
        Assert.Null(project);
        Assert.True(registry.TryGet("taken", out project));
        Assert.Equal(registry.Get("taken"), project);
    }

    [Fact]
    public void TryGet_asks_the_authorizer_before_the_lookup_and_only_for_a_well_formed_name()
    {
        var world = new World { Denies = true };
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions { Authorizer = world });
        ProjectRegistry registry = store.Registry("account", "region");

        Assert.False(registry.TryGet("1a", out _));
        Assert.Equal(ImmErrorCode.NoPermission, Assert.Throws<ImmException>(() => registry.TryGet("absent", out _)).Code);
    }

    [Fact]
    public void The_authorizer_gets_the_action_the_resource_and_the_tags_once_per_call()
    {
        var world = new World();
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions { Authorizer = world });
        ProjectRegistry registry = store.Registry("Account_1", "cn-hangzhou");

        registry.Create(new() { ProjectName = "a", Tag = [new("k", "v")] });
        registry.Get("a");
        registry.TryGet("a", out _);
        registry.Update(new() { ProjectName = "a", Tag = [new("k", "w")] });
        registry.Update(new() { ProjectName = "a", Description = "d" });
        registry.List();
        registry.List(new() { Tag = [new("k", "w")] });
        registry.Delete("a");
        registry.SetProjectQuota(1);

        Assert.Equal(
            [
                "imm:CreateProject acs:imm:cn-hangzhou:Account_1:project/a Account_1 cn-hangzhou [k=v]",
                "imm:GetProject acs:imm:cn-hangzhou:Account_1:project/a Account_1 cn-hangzhou []",
                "imm:GetProject acs:imm:cn-hangzhou:Account_1:project/a Account_1 cn-hangzhou []",
                "imm:UpdateProject acs:imm:cn-hangzhou:Account_1:project/a Account_1 cn-hangzhou [k=w]",
                "imm:UpdateProject acs:imm:cn-hangzhou:Account_1:project/a Account_1 cn-hangzhou []",
                "imm:ListProjects acs:imm:cn-hangzhou:Account_1:project/* Account_1 cn-hangzhou []",
                "imm:ListProjects acs:imm:cn-hangzhou:Account_1:project/* Account_1 cn-hangzhou [k=w]",
                "imm:DeleteProject acs:imm:cn-hangzhou:Account_1:project/a Account_1 cn-hangzhou []",
            ],
            world.Asked);
    }

    [Fact]
    public void A_refusal_by_the_authorizer_includes_the_reason_if_there_is_one()
    {
        var world = new World { Denies = true, Reason = "Ask the owner." };
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions { Authorizer = world });

        var refusal = Assert.Throws<ImmException>(() => store.Registry("account", "region").Get("a"));

        Assert.Equal("User not authorized to operate on the specified APIs. Ask the owner.", refusal.Message);
        world.Reason = null;
        refusal = Assert.Throws<ImmException>(() => store.Registry("account", "region").Get("a"));
        Assert.Equal("User not authorized to operate on the specified APIs.", refusal.Message);
    }

    [Fact]
    public void A_missing_name_has_the_message_of_the_service()
    {
        using ImmStore store = ImmStore.InMemory();

        var refusal = Assert.Throws<ImmException>(() => store.Registry("account", "region").Create(new CreateProjectRequest()));

        Assert.Equal("The parameter ProjectName is required but not provided.", refusal.Message);
    }

    private static string Emoji(int count) => string.Concat(Enumerable.Repeat("\U0001F4F7", count));

    private static string Invalid(string parameter) => Shown.Refusal(ImmErrorCode.InvalidArgument, 400, parameter);

    private static string Exceeded(string parameter, long? requested, long? used, long limit) =>
        Shown.Refusal(ImmErrorCode.LimitExceededError, 400, parameter, requested, used, limit);

    private static Breach[] Limit(string parameter, int index, long maximum)
    {
        var breaches = new List<Breach>
        {
            new(
                $"{parameter} is unreadable",
                Invalid(parameter),
                world => world.Unreadable.Add(ImmRefusal.Invalid(parameter, "it is not a number."))),
            new(
                $"{parameter} is beyond 64 bits",
                Exceeded(parameter, null, null, maximum),
                world => world.Unreadable.Add(ImmRefusal.AboveMaximum(parameter, null, maximum))),
            new($"{parameter} is 0", Invalid(parameter), world => world.Limits[index] = 0),
            new($"{parameter} is negative", Invalid(parameter), world => world.Limits[index] = long.MinValue),
        };
        if (maximum < long.MaxValue)
        {
            breaches.Add(new(
                $"{parameter} is one too great",
                Exceeded(parameter, maximum + 1, null, maximum),
                world => world.Limits[index] = maximum + 1));
            breaches.Add(new(
                $"{parameter} is the greatest long",
                Exceeded(parameter, long.MaxValue, null, maximum),
                world => world.Limits[index] = long.MaxValue));
        }

        return [.. breaches];
    }

    private static IEnumerable<Row> RowsOf(Operation operation) =>
        operation.Rules.SelectMany((rule, index) => rule.Select(breach => new Row(
            string.Create(CultureInfo.InvariantCulture, $"{operation.Name} {index + 1:D2}: {breach.What}"),
            operation,
            breach,
            operation.Rules[(index + 1)..])));

    /// <summary>One way to break a rule, and the refusal that it gets.</summary>
    private sealed record Breach(string What, string Refusal, Action<World> Apply);

    /// <summary>An operation with its rules in order, and the ways to break each.</summary>
    private sealed record Operation(
        string Name,
        string GoodName,
        Action<World>? MakeGood,
        Breach[][] Rules,
        Func<ProjectRegistry, World, string> Call,
        Func<ProjectRegistry, World, Task<string>>? CallAsync)
    {
        /// <summary>A request that succeeds.</summary>
        public World GoodWorld()
        {
            var world = new World { Name = GoodName };
            MakeGood?.Invoke(world);
            return world;
        }
    }

    private sealed record Row(string Title, Operation Operation, Breach Breach, Breach[][] LaterRules)
    {
        public string Refusal => Breach.Refusal;

        public World World()
        {
            World world = Operation.GoodWorld();

            // The last rule first: if two concern the same parameter, the breach of the earlier one remains.
            foreach (Breach[] rule in LaterRules.Reverse())
            {
                rule[^1].Apply(world);
            }

            Breach.Apply(world);
            return world;
        }
    }

    /// <summary>A request, and the state of the store that gets it.</summary>
    private sealed partial class World : IImmAuthorizer
    {
        public string? Name { get; set; }

        public string? Description { get; set; } = "new";

        public string? ServiceRole { get; set; }

        public string? TemplateId { get; set; }

        public long?[] Limits { get; } = new long?[6];

        public IReadOnlyList<Tag>? Tags { get; set; }

        public int? MaxResults { get; set; }

        public string? NextToken { get; set; }

        public string? Prefix { get; set; }

        public UnreadableParameters Unreadable { get; } = new();

        public bool Denies { get; set; }

        public string? Reason { get; set; }

        public bool HasFailed { get; set; }

        public int? ProjectQuota { get; set; }

        public List<string> Asked { get; } = [];

        public void SetNothing() => Description = null;

        public AuthorizationDecision Authorize(AuthorizationRequest request)
        {
            Asked.Add($"{request.Action} {request.Resource} {request.AccountId} {request.RegionId} [{string.Join(',', request.Tags)}]");
            return Denies ? AuthorizationDecision.Deny(Reason) : AuthorizationDecision.Allow;
        }

        public CreateProjectRequest CreateRequest() => new()
        {
            ProjectName = Name,
            Description = Description,
            ServiceRole = ServiceRole,
            TemplateId = TemplateId,
            ProjectMaxDatasetCount = Limits[0],
            DatasetMaxBindCount = Limits[1],
            DatasetMaxFileCount = Limits[2],
            DatasetMaxEntityCount = Limits[3],
            DatasetMaxRelationCount = Limits[4],
            DatasetMaxTotalFileSize = Limits[5],
            Tag = Tags,
            Unreadable = Unreadable,
        };

        public UpdateProjectRequest UpdateRequest() => new()
        {
            ProjectName = Name,
            Description = Description,
            ServiceRole = ServiceRole,
            TemplateId = TemplateId,
            ProjectMaxDatasetCount = Limits[0],
            DatasetMaxBindCount = Limits[1],
            DatasetMaxFileCount = Limits[2],
            DatasetMaxEntityCount = Limits[3],
            DatasetMaxRelationCount = Limits[4],
            DatasetMaxTotalFileSize = Limits[5],
            Tag = Tags,
            Unreadable = Unreadable,
        };

        public ListProjectsRequest ListRequest() => new()
        {
            MaxResults = MaxResults,
            NextToken = NextToken,
            Prefix = Prefix,
            Tag = Tags,
            Unreadable = Unreadable,
        };

        /// <summary>Fills the store, brings it into the state that the request needs, and returns its content.</summary>
        public string Prepare(ProjectRegistry registry, Action? fail)
        {
            bool denies = Denies;
            Denies = false;
            registry.Create(new CreateProjectRequest { ProjectName = "taken", Description = "old", Tag = [new("k", "v")] });
            registry.Create(new CreateProjectRequest { ProjectName = "z" });
            PrepareDatasets(registry);
            if (ProjectQuota is { } quota)
            {
                registry.SetProjectQuota(quota);
            }

            string content = Shown.Content(registry);
            if (HasFailed)
            {
                fail!();
            }

            Denies = denies;
            return content;
        }
    }
}
