using System.Text;
using System.Text.Json;
using Xunit;

namespace Imm.Core.Tests.Wire;

/// <summary>
/// Property tests of the RPC endpoint: any texts give a well-formed answer with a status and code of the service, and no exception. Names
/// are mostly real and values mostly close to valid ones, so that the inputs reach every outcome. A test fails if one was not reached.
/// </summary>
public sealed class WirePropertyTests
{
    private static readonly string[] Actions = ["CreateProject", "GetProject", "UpdateProject", "ListProjects", "DeleteProject"];

    private static readonly Dictionary<string, int> Codes = new()
    {
        ["InvalidArgument"] = 400,
        ["LimitExceededError"] = 400,
        ["ResourceAlreadyExists"] = 400,
        ["ResourceNotFound"] = 404,
        ["InvalidAction.NotFound"] = 404,
    };

    private static readonly string[] Names =
    [
        "ProjectName", "ProjectName", "ProjectName", "Description", "ServiceRole", "TemplateId", "ProjectMaxDatasetCount",
        "DatasetMaxBindCount",
        "DatasetMaxFileCount", "DatasetMaxEntityCount", "DatasetMaxRelationCount", "DatasetMaxTotalFileSize", "Tag", "MaxResults",
        "NextToken",
        "Prefix", "WithStatistics", "Tag.1.Key", "Tag.1.Value", "Tag.2.Key", "Tag.2.Value", "Tag.0.Key", "Tag.99999999999.Key", "Tag..Key",
        "Action",
    ];

    private static readonly string[] Values =
    [
        "", "a", "b", "a_b-1", "1", "0", "10", "11", "+1", "-1", "007",
        "9223372036854775807", "9223372036854775808", "99999999999999999999999",
        "true", "False", "yes", " ", "\0", "\ud800", "\udc00x", "😀", "相册", "acs:x", "Aliyun", "http://x",
        "[]", "{}", "null", "[null]", "[[[[",
        """[{"Key":"a","Value":"b"}]""", """[{"Key":"a"}]""", """[{"Value":"a"}]""",
        """[{"Key":"a"},{"Key":"a"}]""", """[{"Key":"\ud800"}]""",
        "MTIzNDU2Nzg5MDph", "MTIzNDU2Nzg5MDph ", "OTph", "AliyunIMMDefaultRole", "Official:ImageManagement", "\"", "\\", "</script>",
        "\u2028", "\uFFFF",
    ];

    private const string Marks = "\"{}[],:0-9.eTZ\ud800";

    private static readonly string[] SuccessMembers = ["RequestId", "RequestId,Project", "RequestId,Projects",
    "RequestId,NextToken,Projects"];

    [Fact]
    public async Task Any_parameters_give_an_answer_of_the_service()
    {
        var random = new Random(51);
        var seen = new HashSet<string>();
        using var wire = new WireFixture(options => options.ProjectQuota = 4);
        for (int i = 0; i < WireCampaign.Count(10_000, 1_000_000); i++)
        {
            string action = random.Next(20) == 0 ? Text(random) : Pick(random, Actions);
            string accountId = random.Next(50) == 0 ? Text(random) : WireFixture.AccountId;
            string regionId = random.Next(50) == 0 ? Text(random) : WireFixture.RegionId;
            KeyValuePair<string, string>[] parameters = [.. Enumerable.Range(0, random.Next(8)).Select(_ => Parameter(random))];

            ImmApiResponse answer = await wire.Api.InvokeAsync(accountId, regionId, action, parameters);

            seen.Add(Check(answer.StatusCode, answer.Json, () => $"input {i}: {action} {Show(parameters)}"));
        }

        Assert.Equal([.. SuccessMembers.Concat(Codes.Keys).Order()], seen.Order());
    }

    [Fact]
    public async Task Any_query_and_form_give_an_answer_of_the_service()
    {
        var random = new Random(52);
        var seen = new HashSet<string>();
        using var wire = new WireFixture(options => options.ProjectQuota = 4);
        using var invoker = new HttpMessageInvoker(new ImmHttpMessageHandler(wire.Api, WireFixture.AccountId, WireFixture.RegionId));
        for (int i = 0; i < WireCampaign.Count(5_000, 200_000); i++)
        {
            string query = Encoded(random);
            byte[] form = random.Next(2) == 0 ? [] : Bytes(random);
            using var request = new HttpRequestMessage(
                random.Next(2) == 0 ? HttpMethod.Get : HttpMethod.Post, new Uri("http://localhost/?" + query));
            if (random.Next(4) != 0)
            {
                request.Headers.TryAddWithoutValidation("x-acs-action", Pick(random, Actions));
            }

            request.Content = new ByteArrayContent(form);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/x-www-form-urlencoded");

            using HttpResponseMessage response = await invoker.SendAsync(request, CancellationToken.None);

            string json = await response.Content.ReadAsStringAsync();
            seen.Add(Check((int)response.StatusCode, json, () => $"input {i}: {query} {Convert.ToHexString(form)}"));
        }

        Assert.Equal([.. SuccessMembers.Concat(Codes.Keys).Order()], seen.Order());
    }

    [Fact]
    public void Any_text_is_a_project_or_throws_FormatException()
    {
        var random = new Random(53);
        string sample = WireFixture.OneProject("photos");
        int read = 0;
        int refused = 0;
        for (int i = 0; i < WireCampaign.Count(3_000, 500_000); i++)
        {
            var text = new StringBuilder(sample);
            for (int edits = random.Next(1, 4); edits > 0; edits--)
            {
                int at = random.Next(text.Length);
                int length = Math.Min(random.Next(6), text.Length - at);
                text.Remove(at, length).Insert(
                    at, random.Next(3) == 0 ? Pick(random, Values) : Marks[random.Next(Marks.Length)].ToString());
            }

            try
            {
                Project project = ImmJson.ReadProject(text.ToString());
                Assert.Equal(project, ImmJson.ReadProject(ImmJson.WriteProject(project)));
                read++;
            }
            catch (FormatException)
            {
                refused++;
            }
        }

        Assert.True(read > 0 && refused > 0, $"{read} read, {refused} refused");
    }

    /// <summary>Checks an answer and returns its kind: the code of an error, or the members of a success.</summary>
    private static string Check(int status, string json, Func<string> input)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            string members = string.Join(',', root.EnumerateObject().Select(member => member.Name));
            Assert.Matches("^[0-9A-F-]{36}$", root.GetProperty("RequestId").GetString());
            if (status == 200)
            {
                Assert.Contains(members, SuccessMembers);
                return members;
            }

            Assert.Equal("RequestId,HostId,Code,Message,Recommend", members);
            string code = root.GetProperty("Code").GetString()!;
            Assert.Equal(Codes[code], status);
            Assert.NotEqual("", root.GetProperty("Message").GetString());
            return code;
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{input()} was answered with {status} {json}", e);
        }
    }

    private static KeyValuePair<string, string> Parameter(Random random) => new(
        random.Next(20) == 0 ? Text(random) : Pick(random, Names),
        random.Next(5) == 0 ? Text(random) : Pick(random, Values));

    private static string Text(Random random)
    {
        char[] text = new char[random.Next(random.Next(300) + 1)];
        bool ascii = random.Next(2) == 0;
        for (int i = 0; i < text.Length; i++)
        {
            text[i] = (char)random.Next(ascii ? 0x80 : 0x10000);
        }

        return new string(text);
    }

    private static string Encoded(Random random) => string.Join(
        random.Next(30) == 0 ? ";" : "&",
        Enumerable.Range(0, random.Next(6)).Select(_ =>
        {
            (string name, string value) = Parameter(random);
            return random.Next(30) == 0 ? name.Replace('#', '%') : $"{Encoded(random, name)}={Encoded(random, value)}";
        }));

    private static string Encoded(Random random, string text) => random.Next(8) switch
    {
        0 => text.Replace('#', '%'),
        1 => Uri.EscapeDataString(text).Replace("%2", "%", StringComparison.Ordinal),
        _ => Uri.EscapeDataString(text),
    };

    private static byte[] Bytes(Random random)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Encoded(random));
        for (int i = 0; i < bytes.Length; i++)
        {
            if (random.Next(100) == 0)
            {
                bytes[i] = (byte)random.Next(256);
            }
        }

        return bytes;
    }

    private static string Pick(Random random, string[] values) => values[random.Next(values.Length)];

    private static string Show(KeyValuePair<string, string>[] parameters) => string.Join(
        ' ', parameters.Select(parameter => $"{JsonEncodedText.Encode(parameter.Key)}={JsonEncodedText.Encode(parameter.Value)}"));
}
