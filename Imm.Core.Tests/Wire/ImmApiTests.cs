using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Imm.Core.Tests.Storage;
using Imm.Core.Wire;
using Microsoft.Extensions.Options;
using Xunit;

namespace Imm.Core.Tests.Wire;

/// <summary>Tests of the RPC endpoint: the answers of the actions, the forms of the parameters, and the order of the refusals.</summary>
public sealed class ImmApiTests : IDisposable
{
    private const string OneLimit = "ProjectMaxDatasetCount";

    private readonly WireFixture _wire = new();

    public void Dispose() => _wire.Dispose();

    [Fact]
    public async Task CreateProject_answers_with_the_whole_project_in_the_field_order_of_the_service()
    {
        Assert.Equal((200, WireFixture.OneProject("photos")), await _wire.Call("CreateProject", "ProjectName", "photos"));
    }

    [Theory]
    [InlineData("2017-09-06")]
    [InlineData("")]
    [InlineData("2020-09-30 ")]
    public async Task Refuses_another_version_of_the_API(string version)
    {
        Assert.Equal(
            (404, WireFixture.Error("InvalidVersion", "Specified parameter Version is not valid.")),
            await _wire.Call("CreateProject", "ProjectName", "photos", "Version", version));
        Assert.Equal(
            (404, WireFixture.Error("InvalidVersion", "Specified parameter Version is not valid.", n: 2)),
            await _wire.Call("PutProject", "Project", "photos", "Version", version));
        Assert.Equal(
            (200, WireFixture.OneProject("photos", n: 3)),
            await _wire.Call("CreateProject", "ProjectName", "photos", "Version", "2020-09-30"));
    }

    [Theory]
    [InlineData("Tag.1\0.Key")]
    [InlineData("Tag.1 .Key")]
    [InlineData("Tag. 1.Key")]
    [InlineData("Tag.+1.Key")]
    [InlineData("Tag.١.Key")]
    public async Task Ignores_a_parameter_that_is_almost_a_numbered_tag(string name)
    {
        Assert.Equal((200, WireFixture.OneProject("photos")), await _wire.Call("CreateProject", "ProjectName", "photos", name, "k"));
    }

    [Fact]
    public async Task CreateProject_accepts_every_parameter()
    {
        (int status, string json) = await _wire.Call(
            "CreateProject",
            "ProjectName", "_p-1",
            "Description", "相册 \"1\" + <2> & 😀\n",
            "ServiceRole", "my.role",
            "TemplateId", "Official:ImageManagement",
            "ProjectMaxDatasetCount", "1",
            "DatasetMaxBindCount", "2",
            "DatasetMaxFileCount", "3",
            "DatasetMaxEntityCount", "9223372036854775807",
            "DatasetMaxRelationCount", "5",
            "DatasetMaxTotalFileSize", "6",
            "Tag", """[{"Key":"b","Value":"2"},{"Key":"a"}]""");

        Assert.Equal(200, status);
        Assert.Equal(
            WireFixture.OneLine($$$"""
                {"RequestId":"{{{WireFixture.IdText(1)}}}","Project":{"ProjectName":"_p-1","ServiceRole":"my.role",
                "TemplateId":"Official:ImageManagement","CreateTime":"2021-06-29T14:50:13.011643600+08:00",
                "UpdateTime":"2021-06-29T14:50:13.011643600+08:00","Description":"相册 \"1\" + <2> & 😀\n",
                "ProjectQueriesPerSecond":100,"EngineConcurrency":100,"ProjectMaxDatasetCount":1,"DatasetMaxBindCount":2,
                "DatasetMaxFileCount":3,"DatasetMaxEntityCount":9223372036854775807,"DatasetMaxRelationCount":5,
                "DatasetMaxTotalFileSize":6,"DatasetCount":0,"FileCount":0,"TotalFileSize":0,
                "Tags":[{"TagKey":"b","TagValue":"2"},{"TagKey":"a","TagValue":""}]}}
                """),
            json);
    }

    [Theory]
    [InlineData("true")]
    [InlineData("True")]
    [InlineData("false")]
    [InlineData("False")]
    public async Task GetProject_answers_as_CreateProject_did_with_statistics_or_without(string withStatistics)
    {
        await _wire.Call("CreateProject", "ProjectName", "photos");

        Assert.Equal(
            (200, WireFixture.OneProject("photos", n: 2)),
            await _wire.Call("GetProject", "ProjectName", "photos", "WithStatistics", withStatistics));
    }

    [Fact]
    public async Task UpdateProject_changes_the_given_fields_and_answers_with_the_whole_project()
    {
        await _wire.Call("CreateProject", "ProjectName", "photos", "Description", "old", "ServiceRole", "r", "Tag", """[{"Key":"a"}]""");

        (int status, string json) = await _wire.Call(
            "UpdateProject", "ProjectName", "photos", "Description", "", "ServiceRole", "", "Tag", "[]", "DatasetMaxBindCount", "3");

        Assert.Equal(200, status);
        string expected = WireFixture.OneProject("photos", n: 2)
            .Replace(
                "\"UpdateTime\":\"2021-06-29T14:50:13.011643600",
                "\"UpdateTime\":\"2021-06-29T14:50:13.011643700",
                StringComparison.Ordinal)
            .Replace("\"DatasetMaxBindCount\":10", "\"DatasetMaxBindCount\":3", StringComparison.Ordinal);
        Assert.Equal(expected, json);
    }

    [Fact]
    public async Task ListProjects_answers_page_by_page_and_the_last_page_has_no_token()
    {
        foreach (string name in (string[])["c", "a", "b"])
        {
            await _wire.Call("CreateProject", "ProjectName", name);
        }

        string token = Convert.ToBase64String("1234567890:b"u8);
        Assert.Equal(
            (200, WireFixture.OneLine($$"""
                {"RequestId":"{{WireFixture.IdText(4)}}","NextToken":"{{token}}",
                "Projects":[{{WireFixture.Project("a")}},{{WireFixture.Project("b")}}]}
                """)),
            await _wire.Call("ListProjects", "MaxResults", "2"));
        Assert.Equal(
            (200, $$"""{"RequestId":"{{WireFixture.IdText(5)}}","Projects":[{{WireFixture.Project("c")}}]}"""),
            await _wire.Call("ListProjects", "MaxResults", "2", "NextToken", token));
        Assert.Equal(
            (200, $$"""{"RequestId":"{{WireFixture.IdText(6)}}","Projects":[]}"""),
            await _wire.Call("ListProjects", "Prefix", "d"));
    }

    [Fact]
    public async Task ListProjects_filters_by_tags_in_both_forms()
    {
        await _wire.Call("CreateProject", "ProjectName", "a", "Tag", """[{"Key":"env","Value":"test"},{"Key":"team","Value":"x"}]""");
        await _wire.Call("CreateProject", "ProjectName", "b", "Tag", """[{"Key":"env","Value":"test"}]""");

        Assert.Equal(["a", "b"], Names(await _wire.Call("ListProjects", "Tag", """[{"Key":"env","Value":"test"}]""")));
        Assert.Equal(
            ["a"],
            Names(await _wire.Call("ListProjects", "Tag.1.Key", "env", "Tag.1.Value", "test", "Tag.2.Key", "team", "Tag.2.Value", "x")));
    }

    [Fact]
    public async Task DeleteProject_answers_with_the_request_id_only()
    {
        await _wire.Call("CreateProject", "ProjectName", "photos");

        Assert.Equal((200, $$"""{"RequestId":"{{WireFixture.IdText(2)}}"}"""), await _wire.Call("DeleteProject", "ProjectName", "photos"));
        Assert.False(_wire.Registry.TryGet("photos", out _));
    }

    [Theory]
    [InlineData("CreateProject")]
    [InlineData("GetProject")]
    [InlineData("UpdateProject")]
    [InlineData("DeleteProject")]
    public async Task Refuses_a_missing_name_with_the_message_of_the_service(string action)
    {
        const string Message = "The parameter ProjectName is required but not provided.";
        Assert.Equal((400, WireFixture.Error("InvalidArgument", Message)), await _wire.Call(action));
        Assert.Equal((400, WireFixture.Error("InvalidArgument", Message, n: 2)), await _wire.Call(action, "ProjectName", ""));
    }

    [Fact]
    public async Task Refuses_a_taken_or_unknown_name_with_the_message_of_the_service()
    {
        await _wire.Call("CreateProject", "ProjectName", "photos");

        Assert.Equal(
            (400, WireFixture.Error("ResourceAlreadyExists", "The specified resource project already exists.", n: 2)),
            await _wire.Call("CreateProject", "ProjectName", "photos"));
        Assert.Equal(
            (404, WireFixture.Error("ResourceNotFound", "The specified resource project is not found.", n: 3)),
            await _wire.Call("GetProject", "ProjectName", "Photos"));
        Assert.Equal(
            (404, WireFixture.Error("ResourceNotFound", "The specified resource project is not found.", n: 4)),
            await _wire.Call("UpdateProject", "ProjectName", "Photos", "Description", ""));
        Assert.Equal(
            (404, WireFixture.Error("ResourceNotFound", "The specified resource project is not found.", n: 5)),
            await _wire.Call("DeleteProject", "ProjectName", "Photos"));
    }

    [Fact]
    public async Task A_used_up_project_quota_and_a_number_above_its_maximum_are_LimitExceededError()
    {
        _wire.Registry.SetProjectQuota(0);

        Assert.Equal((400, "LimitExceededError"), Code(await _wire.Call("CreateProject", "ProjectName", "photos")));
        Assert.Equal(
            (400, WireFixture.Error(
                "LimitExceededError", "The parameter DatasetMaxBindCount is invalid: input quota exceed the max value, 10.", n: 2)),
            await _wire.Call("CreateProject", "ProjectName", "photos", "DatasetMaxBindCount", "11"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("createProject")]
    [InlineData("CreateProject ")]
    [InlineData("DescribeRegions")]
    [InlineData("¿")]
    public async Task Refuses_an_unknown_action(string action)
    {
        Assert.Equal(
            (404, WireFixture.Error("InvalidAction.NotFound", "Specified api is not found, please check your url and method.")),
            await _wire.Call(WithLoneSurrogate(action), "ProjectName", "photos"));
    }

    [Theory]
    [InlineData("", "cn-hangzhou")]
    [InlineData("a:b", "cn-hangzhou")]
    [InlineData(null, "cn-hangzhou")]
    [InlineData("1", "")]
    [InlineData("1", "CN")]
    [InlineData("1", null)]
    [InlineData("1", "\"¿\0")]
    public async Task Refuses_a_malformed_account_or_region(string? accountId, string? regionId)
    {
        ImmApiResponse answer = await _wire.Api.InvokeAsync(accountId!, WithLoneSurrogate(regionId)!, "ListProjects", []);

        Assert.Equal((400, "InvalidArgument"), Code((answer.StatusCode, answer.Json)));
    }

    [Fact]
    public async Task Separates_accounts_and_regions_and_names_the_region_in_the_host()
    {
        await _wire.Call("CreateProject", "ProjectName", "photos");

        ImmApiResponse answer = await _wire.Api.InvokeAsync("1234567890", "cn-beijing", "GetProject", [new("ProjectName", "photos")]);

        Assert.Equal(404, answer.StatusCode);
        Assert.Contains("\"HostId\":\"imm.cn-beijing.aliyuncs.com\"", answer.Json, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_NoPermission_where_the_authorizer_denies()
    {
        using var wire = new WireFixture(options => options.Authorizer = new DenyAll());

        foreach (string action in (string[])["CreateProject", "GetProject", "UpdateProject", "ListProjects", "DeleteProject"])
        {
            Assert.Equal((403, "NoPermission"), Code(await wire.Call(action, "ProjectName", "photos", "Description", "d")));
        }
    }

    [Fact]
    public async Task Answers_ServiceUnavailable_when_the_store_is_closed()
    {
        _wire.Store.Dispose();

        foreach (string action in (string[])["CreateProject", "GetProject", "UpdateProject", "ListProjects", "DeleteProject"])
        {
            Assert.Equal((503, "ServiceUnavailable"), Code(await _wire.Call(action, "ProjectName", "photos", "Description", "d")));
        }
    }

    [Fact]
    public async Task After_a_disk_failure_changes_are_unavailable_and_reads_succeed()
    {
        var disk = new FaultyDisk(new SimulatedDisk());
        using var wire = new WireFixture(store: ImmStore.Open(new ImmStoreOptions { Path = "/store/data" }, disk));
        await wire.Call("CreateProject", "ProjectName", "before");
        disk.FailAt(1, FaultKinds.Write | FaultKinds.Flush, fromThenOn: true);

        Assert.Equal((503, "ServiceUnavailable"), Code(await wire.Call("CreateProject", "ProjectName", "photos")));
        Assert.Equal((503, "ServiceUnavailable"), Code(await wire.Call("DeleteProject", "ProjectName", "before")));
        Assert.Equal(["before"], Names(await wire.Call("ListProjects")));
        disk.Heal();
    }

    [Theory]
    [InlineData("InvalidArgument", 400)]
    [InlineData("LimitExceededError", 400)]
    [InlineData("ResourceAlreadyExists", 400)]
    [InlineData("ResourceNotFound", 404)]
    [InlineData("StatusConflict", 400)]
    [InlineData("InvalidAction.NotFound", 404)]
    [InlineData("NoPermission", 403)]
    [InlineData("ServiceUnavailable", 503)]
    [InlineData("Throttling.User", 400)]
    public void Every_error_code_has_its_HTTP_status_and_the_form_of_an_error(string code, int status)
    {
        ImmApiResponse answer = new AnswerWriter(
            WireFixture.Id(1), "imm.{region}.aliyuncs.com", "cn-hangzhou", TimeSpan.Zero).Error(code, "Why.");

        Assert.Equal((status, WireFixture.Error(code, "Why.")), (answer.StatusCode, answer.Json));
    }

    // Each row also breaks all the rules that follow it, so that a check out of order is seen.
    [Theory]
    [InlineData("ProjectName", "1")]
    [InlineData("Description", "¿")]
    [InlineData("ServiceRole", "a b")]
    [InlineData("TemplateId", "\n")]
    [InlineData("ProjectMaxDatasetCount", "one")]
    [InlineData("DatasetMaxBindCount", "99999999999999999999")]
    [InlineData("DatasetMaxFileCount", "100000001")]
    [InlineData("DatasetMaxEntityCount", "-99999999999999999999")]
    [InlineData("DatasetMaxRelationCount", "0")]
    [InlineData("DatasetMaxTotalFileSize", "")]
    [InlineData("Tag", "{}")]
    public async Task Refuses_the_first_of_several_wrong_parameters_in_the_order_of_the_service(string first, string wrong)
    {
        _ = wrong;
        Dictionary<string, string> all = typeof(ImmApiTests).GetMethod(
            nameof(Refuses_the_first_of_several_wrong_parameters_in_the_order_of_the_service))!
            .GetCustomAttributesData()
            .Where(attribute => attribute.AttributeType == typeof(InlineDataAttribute))
            .Select(attribute => (IReadOnlyList<System.Reflection.CustomAttributeTypedArgument>)attribute.ConstructorArguments[0].Value!)
            .ToDictionary(row => (string)row[0].Value!, row => WithLoneSurrogate((string)row[1].Value!));
        string[] order = [.. all.Keys];
        string[] parameters = [.. order.Reverse().SelectMany(name =>
            (string[])[name, Array.IndexOf(order, name) >= Array.IndexOf(order, first) ? all[name] : Right(name)])];

        foreach (string action in (string[])["CreateProject", "UpdateProject"])
        {
            (int status, string json) = await _wire.Call(action, parameters);

            Assert.Equal(400, status);
            Assert.Contains($"The parameter {first} is invalid", json, StringComparison.Ordinal);
        }

        static string Right(string name) => name.Contains("Max", StringComparison.Ordinal) ? "1" : name is "Tag" ? "[]" : "x";
    }

    [Fact]
    public async Task ListProjects_checks_MaxResults_then_the_token_then_the_prefix_then_the_tags()
    {
        string[] wrong = ["Tag", "no", "Prefix", "\ud800", "NextToken", "?", "MaxResults", "many"];

        foreach (string first in (string[])["MaxResults", "NextToken", "Prefix", "Tag"])
        {
            (int status, string json) = await _wire.Call("ListProjects", wrong);
            Assert.Equal(400, status);
            Assert.Contains($"The parameter {first} is invalid", json, StringComparison.Ordinal);
            wrong = wrong[..^2];
        }
    }

    [Fact]
    public async Task GetProject_checks_the_name_then_WithStatistics_then_existence()
    {
        Assert.Contains(
            "The parameter ProjectName is",
            (await _wire.Call("GetProject", "ProjectName", "1", "WithStatistics", "x")).Json,
            StringComparison.Ordinal);
        foreach (string neither in (string[])["", "TRUE", "1", " true", "yes"])
        {
            (int status, string json) = await _wire.Call("GetProject", "ProjectName", "none", "WithStatistics", neither);
            Assert.Equal((400, "InvalidArgument"), Code((status, json)));
            Assert.Contains("The parameter WithStatistics is invalid", json, StringComparison.Ordinal);
        }

        Assert.Equal((404, "ResourceNotFound"), Code(await _wire.Call("GetProject", "ProjectName", "none", "WithStatistics", "true")));
    }

    [Fact]
    public async Task Refuses_a_malformed_number_before_authorization_and_lookup()
    {
        using var wire = new WireFixture(options => options.Authorizer = new DenyAll());
        await _wire.Call("CreateProject", "ProjectName", "photos");

        Assert.Equal((400, "InvalidArgument"), Code(await wire.Call("CreateProject", "ProjectName", "photos", OneLimit, "x")));
        Assert.Equal((400, "InvalidArgument"), Code(await _wire.Call("CreateProject", "ProjectName", "photos", OneLimit, "x")));
        Assert.Equal((400, "InvalidArgument"), Code(await _wire.Call("UpdateProject", "ProjectName", "photos", OneLimit, "x")));
    }

    [Theory]
    [InlineData("1", 1)]
    [InlineData("1000000000", 1_000_000_000)]
    [InlineData("+7", 7)]
    [InlineData("007", 7)]
    [InlineData("+00000000000000000000000000000000000000000007", 7)]
    public async Task Accepts_a_number_with_a_sign_and_leading_zeros(string text, long number)
    {
        Assert.Equal((200, null), Code(await _wire.Call("CreateProject", "ProjectName", "photos", OneLimit, text)));
        Assert.Equal(number, _wire.Registry.Get("photos").ProjectMaxDatasetCount);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("+")]
    [InlineData("-")]
    [InlineData("+-1")]
    [InlineData("--1")]
    [InlineData("1 ")]
    [InlineData(" 1")]
    [InlineData("1\0")]
    [InlineData("1.0")]
    [InlineData("1e3")]
    [InlineData("1,000")]
    [InlineData("0x1")]
    [InlineData("one")]
    [InlineData("null")]
    [InlineData("١")]
    [InlineData("１")]
    [InlineData("0")]
    [InlineData("-0")]
    [InlineData("-1")]
    [InlineData("-9223372036854775808")]
    [InlineData("-9223372036854775809")]
    [InlineData("-99999999999999999999999999999999999999")]
    public async Task Refuses_a_text_that_is_not_a_number_or_is_below_the_minimum(string text)
    {
        foreach (string action in (string[])["CreateProject", "UpdateProject"])
        {
            (int status, string json) = await _wire.Call(action, "ProjectName", "photos", "DatasetMaxEntityCount", text);

            Assert.Equal((400, "InvalidArgument"), Code((status, json)));
            Assert.Contains("The parameter DatasetMaxEntityCount is invalid", json, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("ProjectMaxDatasetCount", "1000000001")]
    [InlineData("DatasetMaxBindCount", "+11")]
    [InlineData("DatasetMaxFileCount", "9223372036854775807")]
    [InlineData("DatasetMaxEntityCount", "9223372036854775808")]
    [InlineData("DatasetMaxRelationCount", "0099999999999999999999999999999999999999")]
    [InlineData("DatasetMaxTotalFileSize", "18446744073709551617")]
    public async Task A_number_above_its_maximum_is_LimitExceededError_also_beyond_64_bits(string parameter, string text)
    {
        foreach (string action in (string[])["CreateProject", "UpdateProject"])
        {
            (int status, string json) = await _wire.Call(action, "ProjectName", "photos", parameter, text);

            Assert.Equal((400, "LimitExceededError"), Code((status, json)));
            Assert.Contains($"The parameter {parameter} is invalid: input quota exceed the max value", json, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Classifies_numbers_as_BigInteger_does()
    {
        var random = new Random(5);
        const string Alphabet = "0123456789+- x";
        for (int i = 0; i < 2_000; i++)
        {
            string text = random.Next(4) == 0
                ? string.Concat(Enumerable.Range(0, random.Next(6)).Select(_ => Alphabet[random.Next(Alphabet.Length)]))
                : (new BigInteger(1_000_000_000) + (random.Next(3) - 1) + (
                    random.Next(2) * new BigInteger(random.NextInt64()) * random.Next(-9, 10)))
                    .ToString(CultureInfo.InvariantCulture);
            bool isNumber = text.TrimStart('+',
            '-') is { Length: > 0 } digits && digits.All(char.IsAsciiDigit) && text.Length - digits.Length <= 1;
            string? expected = !isNumber ? "InvalidArgument"
                : BigInteger.Parse(
                    text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) is var number && number < 1 ? "InvalidArgument"
                : number > 1_000_000_000 ? "LimitExceededError"
                : "ResourceNotFound";

            Assert.Equal((text, expected), (text, Code(await _wire.Call("UpdateProject", "ProjectName", "none", OneLimit, text)).Code));
        }
    }

    [Theory]
    [InlineData("0", 200)]
    [InlineData("-0", 200)]
    [InlineData("+0200", 200)]
    [InlineData("201", 400)]
    [InlineData("-1", 400)]
    [InlineData("", 400)]
    [InlineData("x", 400)]
    [InlineData("2147483648", 400)]
    [InlineData("4294967297", 400)]
    [InlineData("-4294967295", 400)]
    [InlineData("-9999999999", 400)]
    [InlineData("99999999999999999999", 400)]
    public async Task MaxResults_out_of_range_is_InvalidArgument_at_any_size(string text, int status)
    {
        Assert.Equal((status, status == 200 ? null : "InvalidArgument"), Code(await _wire.Call("ListProjects", "MaxResults", text)));
    }

    [Theory]
    [InlineData("""[]""", "")]
    [InlineData(""" [ {"Value":"v","Key":"k","More":[1]} ] """, "k=v")]
    [InlineData("""[{"Key":"k","Value":null}]""", "k=")]
    [InlineData("""[{"Key":"\u006b","Value":"中"},{"Key":"K"}]""", "k=中,K=")]
    public async Task Reads_tags_from_JSON(string text, string tags)
    {
        Assert.Equal((200, null), Code(await _wire.Call("CreateProject", "ProjectName", "photos", "Tag", text)));
        Assert.Equal(tags, string.Join(',', _wire.Registry.Get("photos").Tags));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"Key":"k"}""")]
    [InlineData("""[{"Key":"k"}""")]
    [InlineData("""[{"Key":"k"}],""")]
    [InlineData("""[{"Key":"k"},]""")]
    [InlineData("[null]")]
    [InlineData("[[]]")]
    [InlineData("[1]")]
    [InlineData("[{}]")]
    [InlineData("""[{"Value":"v"}]""")]
    [InlineData("""[{"Key":null,"Value":"v"}]""")]
    [InlineData("""[{"key":"k"}]""")]
    [InlineData("""[{"Key":1}]""")]
    [InlineData("""[{"Key":"k","Value":1}]""")]
    [InlineData("""[{"Key":"\ud800"}]""")]
    [InlineData("[{\"Key\":\"¿\"}]")]
    [InlineData("""[{"Key":"k"},{"Key":"k"}]""")]
    [InlineData("""[{"Key":"ACS:k"}]""")]
    public async Task Refuses_tags_that_are_not_valid_JSON_or_break_a_rule(string text)
    {
        foreach (string action in (string[])["CreateProject", "UpdateProject", "ListProjects"])
        {
            (int status, string json) = await _wire.Call(action, "ProjectName", "photos", "Tag", WithLoneSurrogate(text));

            Assert.Equal((400, "InvalidArgument"), Code((status, json)));
            Assert.Contains("The parameter Tag is invalid", json, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Checks_the_number_of_tags_before_each_tag()
    {
        string tooMany = $"[null,{{}},{string.Join(',', Enumerable.Range(0, 19).Select(i => $$"""{"Key":"{{i}}"}"""))}]";
        string[] numbered = [.. Enumerable.Range(1, 21).SelectMany(i => (string[])[$"Tag.{i}.Value", "v"])];

        Assert.Equal((400, "LimitExceededError"), Code(await _wire.Call("CreateProject", "ProjectName", "photos", "Tag", tooMany)));
        Assert.Equal((400, "LimitExceededError"), Code(await _wire.Call("CreateProject", ["ProjectName", "photos", .. numbered])));
        Assert.Equal((400, "InvalidArgument"), Code(await _wire.Call("CreateProject", ["ProjectName", "photos", .. numbered[2..]])));
    }

    [Fact]
    public async Task Orders_numbered_tags_by_number_and_accepts_gaps()
    {
        await _wire.Call(
            "CreateProject", "ProjectName", "photos",
            "Tag.10.Key", "ten", "Tag.2.Value", "v", "Tag.2.Key", "two", "Tag.2147483647.Key", "last", "Tag.1.Key", "one", "Tag.1.Value",
            "");

        Assert.Equal("one=,two=v,ten=,last=", string.Join(',', _wire.Registry.Get("photos").Tags));
    }

    [Theory]
    [InlineData("Tag.0.Key")]
    [InlineData("Tag.01.Key")]
    [InlineData("Tag.-1.Key")]
    [InlineData("Tag.+1.Key")]
    [InlineData("Tag. 1.Key")]
    [InlineData("Tag.2147483648.Key")]
    [InlineData("Tag..Key")]
    [InlineData("Tag.Key")]
    [InlineData("Tag.1")]
    [InlineData("Tag.1.key")]
    [InlineData("tag.1.Key")]
    [InlineData("Tag.1.Key.Key")]
    [InlineData("Tags")]
    [InlineData("projectName")]
    [InlineData("Format")]
    [InlineData("")]
    [InlineData("¿")]
    public async Task Ignores_unknown_parameters(string name)
    {
        Assert.Equal(
            (200, WireFixture.OneProject("photos")),
            await _wire.Call("CreateProject", WithLoneSurrogate(name), "!", "ProjectName", "photos"));
    }

    [Fact]
    public async Task Refuses_a_numbered_tag_without_a_key()
    {
        Assert.Equal((400, "InvalidArgument"), Code(await _wire.Call("CreateProject", "ProjectName", "photos", "Tag.1.Value", "v")));
    }

    [Fact]
    public async Task Tags_as_JSON_take_precedence_over_numbered_tags()
    {
        await _wire.Call("CreateProject", "ProjectName", "photos", "Tag", """[{"Key":"json"}]""", "Tag.1.Key", "numbered");

        Assert.Equal("json=", string.Join(',', _wire.Registry.Get("photos").Tags));
        Assert.Equal(
            (400, "InvalidArgument"),
            Code(await _wire.Call("CreateProject", "ProjectName", "p2", "Tag", "", "Tag.1.Key", "numbered")));
    }

    [Fact]
    public async Task The_last_of_two_equal_parameters_counts()
    {
        Assert.Equal(
            (200, WireFixture.OneProject("photos")),
            await _wire.Call("CreateProject", "ProjectName", "1", OneLimit, "x", "ProjectName", "photos", OneLimit, "1000000000"));
    }

    [Fact]
    public async Task An_empty_text_is_a_value_and_an_absent_one_is_not()
    {
        await _wire.Call("CreateProject", "ProjectName", "photos", "Description", "old");

        Assert.Equal((400, "InvalidArgument"), Code(await _wire.Call("UpdateProject", "ProjectName", "photos")));
        Assert.Equal((200, null), Code(await _wire.Call("UpdateProject", "ProjectName", "photos", "Description", "")));
        Assert.Equal((400, "InvalidArgument"), Code(await _wire.Call("UpdateProject", "ProjectName", "photos", "Description", null!)));
    }

    [Fact]
    public async Task Misuse_and_a_cancelled_change_throw()
    {
        await Assert.ThrowsAsync<ArgumentNullException>(async () => await _wire.Api.InvokeAsync("1", "r", "ListProjects", null!));
        Assert.Equal("store", Assert.Throws<ArgumentNullException>(() => new ImmApi(null!)).ParamName);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _wire.Api.InvokeAsync(
            WireFixture.AccountId, WireFixture.RegionId, "CreateProject", [new("ProjectName", "photos")],
            new CancellationToken(canceled: true)));
        Assert.False(_wire.Registry.TryGet("photos", out _));
    }

    [Fact]
    public async Task The_options_set_the_host_the_time_offset_and_the_request_id()
    {
        using var wire = new WireFixture(adjustApi: options =>
        {
            options.HostFormat = "{region}.localhost/{region}";
            options.TimeOffset = TimeSpan.FromMinutes(-210);
        });

        (_, string json) = await wire.Call("CreateProject", "ProjectName", "photos");
        Assert.Contains("\"CreateTime\":\"2021-06-29T03:20:13.011643600-03:30\"", json, StringComparison.Ordinal);
        (_, json) = await wire.Call("GetProject");
        Assert.Contains("\"HostId\":\"cn-hangzhou.localhost/cn-hangzhou\"", json, StringComparison.Ordinal);
        Assert.Contains($"\"RequestId\":\"{WireFixture.IdText(2)}\"", json, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_ids_are_random_by_default()
    {
        var api = new ImmApi(_wire.Store);
        var ids = new HashSet<string>();
        for (int i = 0; i < 10; i++)
        {
            string json = (await api.InvokeAsync("1", "r", "ListProjects", [])).Json;
            string id = JsonDocument.Parse(json).RootElement.GetProperty("RequestId").GetString()!;
            Assert.Matches("^[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$", id);
            ids.Add(id);
        }

        Assert.Equal(10, ids.Count);
    }

    [Fact]
    public void Names_every_option_that_is_out_of_range()
    {
        var options = new ImmApiOptions { RequestId = null!, HostFormat = " ", TimeOffset = TimeSpan.FromMinutes(841) };

        OptionsValidationException exception = Assert.Throws<OptionsValidationException>(() => new ImmApi(_wire.Store, options));

        Assert.Equal(3, exception.Failures.Count());
        foreach (string name in (string[])["RequestId", "HostFormat", "TimeOffset"])
        {
            Assert.Contains(name, exception.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(-14 * 3600, true)]
    [InlineData(14 * 3600, true)]
    [InlineData((14 * 3600) + 60, false)]
    [InlineData((-14 * 3600) - 60, false)]
    [InlineData(1, false)]
    [InlineData(-60, true)]
    public void An_offset_is_in_whole_minutes_within_14_hours(int seconds, bool valid)
    {
        var options = new ImmApiOptions { TimeOffset = TimeSpan.FromSeconds(seconds) };

        Assert.Equal(valid, new ImmApiOptionsValidator().Validate(null, options).Succeeded);
    }

    /// <summary>Replaces each mark by a lone surrogate, which an attribute cannot hold.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    private static string? WithLoneSurrogate(string? text) => text?.Replace('¿', '\ud800');

    private static (int Status, string? Code) Code((int Status, string Json) answer)
    {
        using JsonDocument json = JsonDocument.Parse(answer.Json);
        return (answer.Status, json.RootElement.TryGetProperty("Code", out JsonElement code) ? code.GetString() : null);
    }

    private static string[] Names((int Status, string Json) answer)
    {
        using JsonDocument json = JsonDocument.Parse(answer.Json);
        return [.. json.RootElement.GetProperty("Projects").EnumerateArray().Select(
            project => project.GetProperty("ProjectName").GetString()!)];
    }

    private sealed class DenyAll : IImmAuthorizer
    {
        public AuthorizationDecision Authorize(AuthorizationRequest request) => AuthorizationDecision.Deny();
    }
}
