using System.Net;
using System.Text;
using System.Text.Json;
using Imm.Core.Testing;
using Xunit;

namespace Imm.Core.Tests.Access;

/// <summary>Signed requests over an HttpClient: who they act for, what they are refused with, and that no secret is shown.</summary>
public sealed class SignedHttpTests : IDisposable
{
    private const string Secret = "secret-of-alice";

    private readonly ImmFixture _fixture = new(new ImmFixtureOptions { AccountId = "42", RegionId = "cn-hangzhou" });
    private readonly HttpClient _client;

    public SignedHttpTests()
    {
        _fixture.Ram.User("alice").Attach("AliyunIMMReadOnlyAccess").Key("LTAI1", Secret);
        _client = new HttpClient(_fixture.Ram.HttpHandler());
        _fixture.Seed.Project("photos");
    }

    public void Dispose()
    {
        _client.Dispose();
        _fixture.Dispose();
    }

    [Fact]
    public async Task A_signed_request_acts_as_the_principal_of_its_key()
    {
        (HttpStatusCode status, JsonElement json) = await Send(Request(Signer()));
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("photos", json.GetProperty("Project").GetProperty("ProjectName").GetString());

        (status, json) = await Send(new HttpRequestMessage(
            HttpMethod.Get, "http://imm.example/?" + Signer("n2", method: "GET").V2Query()));
        Assert.Equal(HttpStatusCode.OK, status);
        ImmCall call = _fixture.Calls.ReceivedExactly(2, ImmOperation.GetProject, "photos")[1];
        Assert.Equal((RamPrincipal.User("42", "alice"), RamEffect.Allow), (call.Principal, call.Decision!.Effect));
    }

    [Fact]
    public async Task A_refusal_by_policies_has_the_details_that_clients_hand_to_their_callers()
    {
        (HttpStatusCode status, JsonElement json) = await Send(Request(Signer(action: "DeleteProject")));

        Assert.Equal(HttpStatusCode.Forbidden, status);
        Assert.Equal("NoPermission", json.GetProperty("Code").GetString());
        Assert.Equal(
            "You are not authorized to operate imm:DeleteProject on the specified resources acs:imm:cn-hangzhou:42:project/photos.",
            json.GetProperty("Message").GetString());
        JsonElement detail = json.GetProperty("AccessDeniedDetail");
        Assert.Equal(
            [
                "PolicyType=AccountLevelIdentityBasedPolicy", "AuthPrincipalOwnerId=42", "AuthPrincipalType=SubUser",
                "AuthPrincipalDisplayName=alice", "NoPermissionType=ImplicitDeny", "AuthAction=imm:DeleteProject",
            ],
            detail.EnumerateObject()
                .Where(property => property.Name != "EncodedDiagnosticMessage")
                .Select(property => $"{property.Name}={property.Value.GetString()}"));
        byte[] message = Convert.FromBase64String(detail.GetProperty("EncodedDiagnosticMessage").GetString()!);
        Assert.Equal([1, 1], message[..2]);
        Assert.Equal(_fixture.Clock.GetUtcNow().ToUnixTimeSeconds(), BitConverter.ToInt64([.. message[2..10].Reverse()]));
        Assert.Equal(json.GetProperty("RequestId").GetString(), Encoding.ASCII.GetString(message[10..]));
        ImmCall call = Assert.Single(_fixture.Calls);
        Assert.Equal((ImmErrorCode.NoPermission, RamEffect.ImplicitDeny), (call.Code, call.Decision!.Effect));
        Assert.Equal("AliyunIMMReadOnlyAccess", call.Decision.Closest!.PolicyName);
    }

    [Fact]
    public async Task A_role_session_and_an_explicit_deny_are_named()
    {
        RamPolicy noDelete = RamPolicy.Parse(RamPolicyTests.Statement(""" "Effect":"Deny","Action":"imm:Delete*","Resource":"*" """));
        _fixture.Ram.Role("builder", "ci").Attach("AliyunIMMFullAccess").Attach(noDelete.Named("no-delete")).Key("STS.1", Secret, "token");
        Signer signer = Signer(action: "DeleteProject");
        (signer.AccessKeyId, signer.Token) = ("STS.1", "token");

        (_, JsonElement json) = await Send(Request(signer));

        JsonElement detail = json.GetProperty("AccessDeniedDetail");
        Assert.Equal("AssumedRoleUser", detail.GetProperty("AuthPrincipalType").GetString());
        Assert.Equal("builder:ci", detail.GetProperty("AuthPrincipalDisplayName").GetString());
        Assert.Equal("ExplicitDeny", detail.GetProperty("NoPermissionType").GetString());
        Assert.Equal(("no-delete", 0), (_fixture.Calls[0].Decision!.PolicyName, _fixture.Calls[0].Decision!.StatementIndex));
    }

    [Theory]
    [InlineData("unsigned", 400, "MissingAccessKeyId")]
    [InlineData("wrong secret", 400, "SignatureDoesNotMatch")]
    [InlineData("unknown key", 404, "InvalidAccessKeyId.NotFound")]
    [InlineData("old clock", 400, "InvalidTimeStamp.Expired")]
    public async Task A_refused_signature_is_an_error_of_the_service_and_nothing_is_called(string how, int status, string code)
    {
        Signer signer = Signer();
        signer.Secret = how == "wrong secret" ? "wrong" : Secret;
        signer.AccessKeyId = how == "unknown key" ? "nobody" : "LTAI1";
        signer.Time = how == "old clock" ? signer.Time.AddDays(-1) : signer.Time;
        HttpRequestMessage request = how == "unsigned" ? new(HttpMethod.Get, "http://imm.example/?Format=json") : Request(signer);

        (HttpStatusCode answered, JsonElement json) = await Send(request);

        Assert.Equal((status, code), ((int)answered, json.GetProperty("Code").GetString()));
        Assert.Empty(_fixture.Calls);
        Assert.DoesNotContain(Secret, json.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repeated_request_is_refused_and_changes_nothing_twice()
    {
        _fixture.Ram.User("alice").Attach("AliyunIMMFullAccess");
        Signer signer = Signer(action: "CreateProject");
        signer.Query = "ProjectName=new";

        Assert.Equal(HttpStatusCode.OK, (await Send(Request(signer))).Status);
        Assert.Equal("SignatureNonceUsed", (await Send(Request(signer))).Json.GetProperty("Code").GetString());
        _fixture.Calls.ReceivedExactly(1, ImmOperation.CreateProject);
    }

    [Fact]
    public void A_synchronous_request_is_verified_too()
    {
        using HttpResponseMessage signed = _client.Send(Request(Signer()));
        using HttpResponseMessage unsigned = _client.Send(new HttpRequestMessage(HttpMethod.Get, "http://imm.example/"));

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.BadRequest), (signed.StatusCode, unsigned.StatusCode));
    }

    [Fact]
    public async Task The_account_is_that_of_the_key_and_not_that_of_the_handler()
    {
        var api = new ImmApi(_fixture.Store, new ImmApiOptions
        {
            Credentials = id => new RamCredential(id, Secret, RamPrincipal.Root("43")),
        });
        using var client = new HttpClient(new ImmHttpMessageHandler(api, "42", "cn-hangzhou"));

        using HttpResponseMessage response = await client.SendAsync(Request(Signer()));

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("43", Assert.Single(_fixture.Calls).AccountId);
    }

    [Fact]
    public async Task Conditions_see_the_scheme_and_the_values_of_the_host()
    {
        RamPolicy policy = RamPolicy.Parse(RamPolicyTests.Condition(
            """{"Bool":{"acs:SecureTransport":"true"},"IpAddress":{"acs:SourceIp":"10.0.0.0/8"}}"""));
        RamPrincipal bob = _fixture.Ram.User("bob").Attach(policy).Principal;
        var api = new ImmApi(_fixture.Store, new ImmApiOptions { Credentials = id => new RamCredential(id, Secret, bob) });
        string address = "10.0.0.1";
        using var client = new HttpClient(new ImmHttpMessageHandler(api, "42", "cn-hangzhou")
        {
            ConditionValues = _ => new Dictionary<string, string> { ["acs:SourceIp"] = address },
        });

        Assert.Equal(HttpStatusCode.OK, await Status("https", "n1"));
        Assert.Equal(HttpStatusCode.Forbidden, await Status("http", "n2"));
        address = "11.0.0.1";
        Assert.Equal(HttpStatusCode.Forbidden, await Status("https", "n3"));

        async Task<HttpStatusCode> Status(string scheme, string nonce)
        {
            using HttpResponseMessage response = await client.SendAsync(Request(Signer(nonce), scheme));
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task The_host_header_is_signed_as_it_is_sent_with_its_port()
    {
        Signer signer = Signer();
        HttpRequestMessage request = Request(signer, host: "127.0.0.1:40121");

        Assert.Equal(HttpStatusCode.OK, (await Send(request)).Status);

        HttpRequestMessage other = Request(Signer("n2"), host: "127.0.0.1:40121");
        other.Headers.Host = "127.0.0.1:40122";
        Assert.Equal("SignatureDoesNotMatch", (await Send(other)).Json.GetProperty("Code").GetString());
    }

    [Fact]
    public async Task The_whole_query_is_signed_although_it_begins_with_a_question_mark()
    {
        Signer signer = Signer();
        signer.Query = "?a=1&ProjectName=photos";

        Assert.Equal(HttpStatusCode.OK, (await Send(Request(signer))).Status);
    }

    [Fact]
    public async Task An_action_that_version_2_does_not_sign_is_not_carried_out()
    {
        string query = Signer(method: "GET").V2Query(parameters => parameters.Remove("Action"));
        var request = new HttpRequestMessage(HttpMethod.Get, "http://imm.example/?" + query);
        request.Headers.Add("x-acs-action", "GetProject");

        Assert.Equal("MissingAction", (await Send(request)).Json.GetProperty("Code").GetString());
        Assert.Empty(_fixture.Calls);
    }

    [Theory]
    [InlineData("application/json", "{\"a\":1}")]
    [InlineData("application/x-www-form-urlencoded", "Description=a%20b")]
    [InlineData("application/octet-stream", "\0\u0001")]
    public async Task A_body_of_any_type_is_hashed(string type, string body)
    {
        Signer signer = Signer();
        (signer.ContentType, signer.Body) = (type, body);
        Assert.Equal(HttpStatusCode.OK, (await Send(Request(signer))).Status);

        signer.Nonce = "n2";
        HttpRequestMessage changed = Request(signer);
        changed.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body + "x"));
        changed.Content.Headers.TryAddWithoutValidation("content-type", type);
        Assert.Equal("SignatureDoesNotMatch", (await Send(changed)).Json.GetProperty("Code").GetString());
    }

    [Theory]
    [InlineData("Version=2017-09-06", null, "InvalidVersion")]
    [InlineData("", "2017-09-06", "InvalidVersion")]
    [InlineData("Version=", null, "InvalidVersion")]
    [InlineData("Version", "2020-09-30", "InvalidVersion")]
    [InlineData("Version=2020-09-30&Version=2017-09-06", null, "InvalidVersion")]
    [InlineData("Version=2020-09-30", "2017-09-06", "ResourceNotFound")]
    [InlineData("", "2020-09-30", "ResourceNotFound")]
    [InlineData("", null, "ResourceNotFound")]
    public async Task Another_version_is_refused_without_signatures_too(string query, string? header, string code)
    {
        using var client = new HttpClient(_fixture.HttpHandler());
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://imm.example/?Action=GetProject&ProjectName=none&{query}");
        if (header is not null)
        {
            request.Headers.Add("x-acs-version", header);
        }

        using HttpResponseMessage response = await client.SendAsync(request);

        using JsonDocument json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal((404, code), ((int)response.StatusCode, json.RootElement.GetProperty("Code").GetString()));
        Assert.Equal(json.RootElement.GetProperty("RequestId").GetString(), Assert.Single(response.Headers.GetValues("x-acs-request-id")));
    }

    private Signer Signer(string nonce = "n1", string action = "GetProject", string method = "POST") => new()
    {
        Secret = Secret,
        Time = _fixture.Clock.GetUtcNow(),
        Nonce = nonce,
        Action = action,
        Method = method,
    };

    private static HttpRequestMessage Request(Signer signer, string scheme = "http", string host = "imm.example")
    {
        var request = new HttpRequestMessage(new HttpMethod(signer.Method), $"{scheme}://{host}/?{signer.Query}")
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(signer.Body)),
        };
        foreach ((string name, string value) in signer.V3Headers(host))
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return request;
    }

    private async Task<(HttpStatusCode Status, JsonElement Json)> Send(HttpRequestMessage request)
    {
        using HttpResponseMessage response = await _client.SendAsync(request);
        using JsonDocument json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return (response.StatusCode, json.RootElement.Clone());
    }
}
