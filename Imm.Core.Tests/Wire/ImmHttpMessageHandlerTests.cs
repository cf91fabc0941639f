using System.Net;
using System.Text;
using Xunit;

namespace Imm.Core.Tests.Wire;

/// <summary>Tests of the HTTP handler with requests of the vendor's clients, and with requests that no client sends.</summary>
public sealed class ImmHttpMessageHandlerTests : IDisposable
{
    private readonly WireFixture _wire = new();
    private readonly HttpClient _client;

    public ImmHttpMessageHandlerTests() =>
        _client = new HttpClient(NewHandler()) { BaseAddress = new Uri("https://imm.cn-hangzhou.aliyuncs.com") };

    public void Dispose()
    {
        _client.Dispose();
        _wire.Dispose();
    }

    [Fact]
    public async Task Accepts_the_action_in_a_header_and_parameters_in_the_query_as_current_clients_send_them()
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Post,
            "/?ProjectName=photos&Description=%E7%9B%B8%E5%86%8C%20a%2Bb%26c&DatasetMaxBindCount=3"
            + "&Tag=%5B%7B%22Key%22%3A%22a%22%2C%22Value%22%3A%22b%20c%22%7D%5D");
        request.Headers.Add("x-acs-action", "CreateProject");
        request.Headers.Add("x-acs-version", "2020-09-30");
        request.Headers.Add("x-acs-date", "2021-06-29T06:50:13Z");
        request.Headers.Add("x-acs-signature-nonce", "1");
        request.Headers.Add("x-acs-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        request.Headers.TryAddWithoutValidation(
            "Authorization", "ACS3-HMAC-SHA256 Credential=id,SignedHeaders=host;x-acs-action,Signature=0");
        request.Content = new ByteArrayContent([]);

        using HttpResponseMessage response = await _client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json;charset=utf-8", Assert.Single(response.Content.Headers.NonValidated["Content-Type"]));
        Assert.Equal("application/json; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Same(request, response.RequestMessage);
        Assert.Equal(
            WireFixture.OneProject("photos")
                .Replace("\"Description\":\"\"", "\"Description\":\"相册 a+b&c\"", StringComparison.Ordinal)
                .Replace("\"DatasetMaxBindCount\":10", "\"DatasetMaxBindCount\":3", StringComparison.Ordinal)
                .Replace("\"Tags\":[]", "\"Tags\":[{\"TagKey\":\"a\",\"TagValue\":\"b c\"}]", StringComparison.Ordinal),
            await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task Accepts_the_action_in_the_query_as_previous_clients_send_it(string method)
    {
        using var request = new HttpRequestMessage(
            new HttpMethod(method),
            "/?Action=CreateProject&Format=json&Version=2020-09-30&Timestamp=2021-06-29T06%3A50%3A13Z&SignatureNonce=1&AccessKeyId=id"
            + "&SignatureMethod=HMAC-SHA1&SignatureVersion=1.0&Signature=x%3D&ProjectName=photos");

        Assert.Equal((200, WireFixture.OneProject("photos")), await Send(request));
    }

    [Fact]
    public async Task Accepts_a_form_with_numbered_tags_as_the_core_client_sends_it()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/");
        request.Content = new StringContent(
            "AccessKeyId=id&Action=CreateProject&Format=JSON&ProjectName=photos&SignatureMethod=HMAC-SHA1&SignatureNonce=1"
            + "&SignatureVersion=1.0&Tag.1.Key=a&Tag.1.Value=b%20c&Tag.2.Key=d"
            + "&Timestamp=2021-06-29T06%3A50%3A13Z&Version=2020-09-30&Signature=x%3D",
            Encoding.UTF8,
            "application/x-www-form-urlencoded");

        Assert.Equal(
            (200, WireFixture.OneProject("photos").Replace(
                "\"Tags\":[]",
                "\"Tags\":[{\"TagKey\":\"a\",\"TagValue\":\"b c\"},{\"TagKey\":\"d\",\"TagValue\":\"\"}]",
                StringComparison.Ordinal)),
            await Send(request));
    }

    [Fact]
    public async Task Answers_with_the_HTTP_status_of_the_error()
    {
        Assert.Equal(
            (404, WireFixture.Error("ResourceNotFound", "The specified resource project is not found.")),
            await Get("/?Action=GetProject&ProjectName=photos"));
        Assert.Equal(
            (400, WireFixture.Error("InvalidArgument", "The parameter ProjectName is required but not provided.", n: 2)),
            await Get("/?Action=GetProject"));
        _wire.Store.Dispose();
        Assert.Equal(503, (await Get("/?Action=ListProjects")).Status);
    }

    [Fact]
    public async Task The_form_overrides_the_query_and_the_Action_parameter_overrides_the_header()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/?Action=DeleteProject&ProjectName=1");
        request.Headers.Add("x-acs-action", "createProject");
        request.Content = new FormUrlEncodedContent([new("Action", "CreateProject"), new("ProjectName", "photos")]);

        Assert.Equal((200, WireFixture.OneProject("photos")), await Send(request));
    }

    [Theory]
    [InlineData("GET", "/v1")]
    [InlineData("POST", "//")]
    [InlineData("GET", "/index.html")]
    [InlineData("PUT", "/")]
    [InlineData("DELETE", "/")]
    [InlineData("HEAD", "/")]
    [InlineData("get me", null)]
    public async Task Refuses_any_other_path_or_method(string method, string? path)
    {
        if (path is null)
        {
            (method, path) = ("PROPFIND", "/");
        }

        using var request = new HttpRequestMessage(
            new HttpMethod(method), new Uri("https://imm.cn-hangzhou.aliyuncs.com" + path + "?Action=CreateProject&ProjectName=photos"));

        Assert.Equal(
            (404, WireFixture.Error("InvalidAction.NotFound", "Specified api is not found, please check your url and method.")),
            await Send(request));
        Assert.False(_wire.Registry.TryGet("photos", out _));
    }

    [Fact]
    public async Task Refuses_a_request_without_an_address_or_an_action()
    {
        using var invoker = new HttpMessageInvoker(NewHandler());
        foreach (Uri? address in (Uri?[])[null, new Uri(
            "/?Action=ListProjects", UriKind.Relative), new Uri("http://localhost"), new Uri("http://localhost/?Action=&Action")])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            using HttpResponseMessage response = await invoker.SendAsync(request, CancellationToken.None);
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        }
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("text/plain")]
    [InlineData(null)]
    public async Task Ignores_a_body_that_is_not_a_form(string? mediaType)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/?Action=CreateProject&ProjectName=photos");
        request.Content = new ByteArrayContent("ProjectName=other"u8.ToArray());
        request.Content.Headers.ContentType = mediaType is null ? null : new(mediaType);

        Assert.Equal((200, WireFixture.OneProject("photos")), await Send(request));
    }

    [Theory]
    [InlineData("Description=a%", "a%")]
    [InlineData("Description=%4", "%4")]
    [InlineData("Description=%zz%41", "%zzA")]
    [InlineData("Description=%u0041", "%u0041")]
    [InlineData("Description=%FF%C3", "\uFFFD\uFFFD")]
    [InlineData("Description=a+b%2Bc", "a b+c")]
    [InlineData("Description=a=b==", "a=b==")]
    [InlineData("&&=x&Description=a&&", "a")]
    [InlineData("Descr%69ption=a", "a")]
    [InlineData("Description=a&Description", "")]
    [InlineData("Description=%00", "\0")]
    public async Task Accepts_any_percent_encoding(string text, string description)
    {
        using var query = new HttpRequestMessage(HttpMethod.Get, "/?Action=CreateProject&ProjectName=query&" + text);
        using var form = new HttpRequestMessage(HttpMethod.Post, "/?Action=CreateProject&ProjectName=form");
        form.Content = new StringContent(text, Encoding.UTF8, "application/x-www-form-urlencoded");

        Assert.Equal(200, (await Send(query)).Status);
        Assert.Equal(200, (await Send(form)).Status);
        Assert.Equal(description, _wire.Registry.Get("query").Description);
        Assert.Equal(description, _wire.Registry.Get("form").Description);
    }

    [Fact]
    public void The_synchronous_call_gives_the_same_answer()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/");
        request.Content = new FormUrlEncodedContent([new("Action", "CreateProject"), new("ProjectName", "photos")]);

        using HttpResponseMessage response = _client.Send(request);
        using var reader = new StreamReader(response.Content.ReadAsStream());

        Assert.Equal((HttpStatusCode.OK, WireFixture.OneProject("photos")), (response.StatusCode, reader.ReadToEnd()));
    }

    [Fact]
    public async Task Takes_account_and_region_from_the_request()
    {
        using var client = new HttpClient(new ImmHttpMessageHandler(_wire.Api, request => ("1", request.RequestUri!.Host.Split('.')[1])));

        Assert.Equal(
            HttpStatusCode.OK,
            (await client.GetAsync(new Uri("http://imm.cn-beijing.aliyuncs.com/?Action=CreateProject&ProjectName=p"))).StatusCode);
        Assert.Equal(
            HttpStatusCode.BadRequest, (await client.GetAsync(new Uri("http://imm.a_b.aliyuncs.com/?Action=ListProjects"))).StatusCode);
        Assert.True(_wire.Store.Registry("1", "cn-beijing").TryGet("p", out _));
    }

    [Fact]
    public async Task A_cancelled_request_changes_nothing()
    {
        using var invoker = new HttpMessageInvoker(NewHandler());
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("http://localhost/?Action=CreateProject&ProjectName=photos"));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => invoker.SendAsync(request, new CancellationToken(canceled: true)));
        Assert.ThrowsAny<OperationCanceledException>(() => invoker.Send(request, new CancellationToken(canceled: true)));

        Assert.False(_wire.Registry.TryGet("photos", out _));
    }

    [Fact]
    public void Constructor_rejects_misuse()
    {
        Assert.Equal("api", Assert.Throws<ArgumentNullException>(() => new ImmHttpMessageHandler(null!, "1", "r")).ParamName);
        Assert.Equal("accountId", Assert.Throws<ArgumentException>(() => new ImmHttpMessageHandler(_wire.Api, "a:b", "r")).ParamName);
        Assert.Equal("regionId", Assert.Throws<ArgumentNullException>(() => new ImmHttpMessageHandler(_wire.Api, "1", null!)).ParamName);
        Assert.Equal("scope", Assert.Throws<ArgumentNullException>(() => new ImmHttpMessageHandler(_wire.Api, null!)).ParamName);
    }

    private ImmHttpMessageHandler NewHandler() => new(_wire.Api, WireFixture.AccountId, WireFixture.RegionId);

    private Task<(int Status, string Json)> Get(string address) => Send(new HttpRequestMessage(HttpMethod.Get, address));

    private async Task<(int Status, string Json)> Send(HttpRequestMessage request)
    {
        using HttpResponseMessage response = await _client.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
