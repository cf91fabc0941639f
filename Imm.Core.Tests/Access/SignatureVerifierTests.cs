using System.Reflection;
using System.Text;
using System.Text.Json;
using Imm.Core.Tests.Conventions;
using Imm.Core.Wire;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Imm.Core.Tests.Access;

/// <summary>Signatures of recorded clients and of a signer of the tests' own: right ones, and every way to be wrong.</summary>
public sealed class SignatureVerifierTests
{
    private const BindingFlags DeclaredMembers =
        BindingFlags.DeclaredOnly | BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    private const string Secret = "secret-of-alice";

    private static readonly RamPrincipal Alice = RamPrincipal.User("42", "alice");

    private readonly FakeTimeProvider _clock = new(RecordedRequest.Time);
    private readonly Dictionary<string, RamCredential> _credentials = new() { ["LTAI1"] = new("LTAI1", Secret, Alice) };

    public static TheoryData<int> Recorded => [.. Enumerable.Range(0, RecordedRequest.All.Length)];

    public static TheoryData<int> RecordedWithRightSignature =>
        [.. Enumerable.Range(0, RecordedRequest.All.Length).Where(index => RecordedRequest.All[index].GetProperty("ok").GetBoolean())];

    [Theory]
    [MemberData(nameof(Recorded))]
    public void Verifies_the_requests_of_the_vendors_clients(int index)
    {
        JsonElement recorded = RecordedRequest.All[index];
        RamCredential? credential = recorded.Credential();
        SignedRequest request = recorded.Request();
        string? date = request.Header("x-acs-date") ?? request.Parameter("Timestamp");
        var verifier = new SignatureVerifier(
            id => credential?.AccessKeyId == id ? credential : null, new FakeTimeProvider(DateTimeOffset.Parse(date!, null)), 10);

        SignatureVerdict verdict = verifier.Verify(request);

        if (recorded.GetProperty("ok").GetBoolean())
        {
            Assert.Equal(("", credential), (verdict.Code, verdict.Credential));
            Assert.Equal(ImmWireErrorCode.SignatureNonceUsed, verifier.Verify(recorded.Request()).Code);
        }
        else if (credential is not null)
        {
            Assert.Equal(
                (ImmWireErrorCode.SignatureDoesNotMatch, MismatchMessage(recorded.Text("stringToSign")!)), (verdict.Code, verdict.Message));
            Assert.Equal(recorded.Text("canonicalRequest"), verdict.CanonicalRequest);
        }
        else
        {
            Assert.Equal(recorded.Text("keyId") is null ? "MissingAccessKeyId" : ImmWireErrorCode.InvalidAccessKeyIdNotFound, verdict.Code);
        }
    }

    [Theory]
    [MemberData(nameof(RecordedWithRightSignature))]
    public void A_wrong_secret_is_told_with_the_string_to_sign_that_the_client_has_too(int index)
    {
        JsonElement recorded = RecordedRequest.All[index];
        RamCredential credential = recorded.Credential(secret: "another")!;
        string date = recorded.Request().Header("x-acs-date") ?? recorded.Request().Parameter("Timestamp")!;
        var verifier = new SignatureVerifier(_ => credential, new FakeTimeProvider(DateTimeOffset.Parse(date, null)), 10);

        SignatureVerdict verdict = verifier.Verify(recorded.Request());

        Assert.Equal(
            (ImmWireErrorCode.SignatureDoesNotMatch, MismatchMessage(recorded.Text("stringToSign")!)), (verdict.Code, verdict.Message));
        string token = recorded.Request().Header("x-acs-security-token") ?? "(token)";
        Assert.Equal(recorded.Text("canonicalRequest")?.Replace(token, "(token)", StringComparison.Ordinal), verdict.CanonicalRequest);
        Assert.DoesNotContain("another", verdict.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void There_are_41_recorded_requests() => Assert.Equal(41, RecordedRequest.All.Length);

    [Fact]
    public void Names_and_values_are_decoded_sorted_and_encoded_before_they_are_signed()
    {
        var signer = new Signer { Query = "b=%2a%20%7E&a%20b=1&B=%E9%A1%B9&Empty=&c=a+b" };
        signer.Query = "b=%2A%20~&a%20b=1&B=%E9%A1%B9&Empty=&c=a%20b";

        Accepts(signer.V3());
        SignedRequest same = new(
            "POST",
            "/",
            "c=a+b&Empty&B=%e9%a1%b9&a%20b=1&b=*%20%7E",
            new Signer { Query = signer.Query, Nonce = "n2" }.V3Headers(),
            default);
        Accepts(same);
    }

    [Fact]
    public void Every_header_of_the_list_is_signed_and_no_other()
    {
        var signer = new Signer { MoreHeaders = { new("x-acs-new", " a  b "), new("x-mine", "1") } };
        List<KeyValuePair<string, string>> headers = signer.V3Headers();

        Accepts(new("POST", "/", signer.Query, [.. headers, new("user-agent", "anything")], default));
        foreach (string name in new[] { "x-acs-new", "x-mine", "host", "x-acs-action", "x-acs-version" })
        {
            Refuses(ImmWireErrorCode.SignatureDoesNotMatch, new(
                "POST", "/", signer.Query, Change(headers, name, value => value + "x"), default));
        }
    }

    [Fact]
    public void A_header_that_occurs_more_than_once_is_signed_with_its_values_in_order()
    {
        var signer = new Signer { MoreHeaders = { new("x-mine", "a,b") } };
        List<KeyValuePair<string, string>> headers = signer.V3Headers();
        headers.RemoveAll(header => header.Key == "x-mine");

        Accepts(new("POST", "/", signer.Query, [new("X-Mine", " b "), .. headers, new("x-mine", "a")], default));
    }

    [Fact]
    public void A_parameter_with_two_values_is_refused_because_their_order_is_not_signed()
    {
        // Sorted, both orders have the same signature, and the last value counts: on the way somebody could choose between them.
        var signer = new Signer { Query = "URI=a&URI=b", MoreParameters = { new("URI", "a"), new("URI", "b") } };
        KeyValuePair<string, string>[] form = [new("Content-Type", "application/x-www-form-urlencoded")];
        foreach (string query in new[] { "URI=a&URI=b", "URI=b&URI=a" })
        {
            Refuses(ImmWireErrorCode.IncompleteSignature, new("POST", "/", query, signer.V3Headers(), default));
            Refuses(ImmWireErrorCode.IncompleteSignature, new("POST", "/", $"{signer.V2Query()}&{query}", [], default));
            Refuses(
                ImmWireErrorCode.IncompleteSignature,
                new("POST", "/", query[..5], form, Encoding.UTF8.GetBytes($"{signer.V2Query()}&{query[6..]}")));
        }

        // Equal values have one order, and the bytes of a body have a hash.
        signer = new Signer { Query = "URI=a&URI=a", MoreParameters = { new("URI", "a"), new("URI", "a") } };
        Accepts(signer.V3());
        Accepts(new("POST", "/", $"{signer.V2Query()}&URI=a&URI=a", [], default));
        Accepts(new Signer { ContentType = form[0].Value, Body = "URI=a&URI=b" }.V3());
    }

    [Fact]
    public void The_action_is_what_is_signed_of_a_header_that_occurs_more_than_once()
    {
        var signer = new Signer { Action = "DeleteProject,GetProject" };
        List<KeyValuePair<string, string>> headers = signer.V3Headers();
        headers.RemoveAll(header => header.Key == "x-acs-action");
        foreach (string[] actions in new[] { new[] { "GetProject", "DeleteProject" }, ["DeleteProject", "GetProject"] })
        {
            var request = new SignedRequest(
                "POST", "/", signer.Query, [.. headers, .. actions.Select(action => KeyValuePair.Create("x-acs-action", action))], default);
            Accepts(request);
            Assert.Equal("DeleteProject,GetProject", request.Action);
        }
    }

    [Fact]
    public void The_body_is_hashed_whatever_its_type()
    {
        var signer = new Signer { Body = "{\"a\":\"é\"}", ContentType = "application/json" };
        List<KeyValuePair<string, string>> headers = signer.V3Headers();

        Accepts(new("POST", "/", signer.Query, headers, Encoding.UTF8.GetBytes(signer.Body)));
        Refuses(ImmWireErrorCode.SignatureDoesNotMatch, new("POST", "/", signer.Query, headers, Encoding.UTF8.GetBytes(signer.Body + " ")));
        Refuses(ImmWireErrorCode.SignatureDoesNotMatch, new("POST", "/", signer.Query, headers, default));

        // The hash that the client declares and signs counts too.
        signer.BeforeSigning = signed => signed["x-acs-content-sha256"] = new string('0', 64);
        Refuses(ImmWireErrorCode.SignatureDoesNotMatch, signer.V3());
    }

    [Fact]
    public void The_method_and_the_query_are_signed()
    {
        var signer = new Signer();
        List<KeyValuePair<string, string>> headers = signer.V3Headers();

        Refuses(ImmWireErrorCode.SignatureDoesNotMatch, new("GET", "/", signer.Query, headers, default));
        Refuses(ImmWireErrorCode.SignatureDoesNotMatch, new("POST", "/", signer.Query + "&More=1", headers, default));
        Refuses(ImmWireErrorCode.SignatureDoesNotMatch, new("POST", "/", "", headers, default));
        Refuses(ImmWireErrorCode.SignatureDoesNotMatch, new("POST", "/other", signer.Query, headers, default));

        string query = new Signer { Method = "GET" }.V2Query();
        Refuses(ImmWireErrorCode.SignatureDoesNotMatch, new("POST", "/", query, [], default));
        Accepts(new("GET", "/", query, [], default));
        Refuses(ImmWireErrorCode.SignatureDoesNotMatch, new(
            "GET", "/", query.Replace("photos", "photo", StringComparison.Ordinal), [], default));
    }

    [Fact]
    public void Version_2_may_be_split_between_query_and_form()
    {
        string[] all = new Signer().V2Query().Split('&');
        KeyValuePair<string, string>[] form = [new("Content-Type", "Application/X-WWW-form-urlencoded")];

        Accepts(new("POST", "/", string.Join('&', all[..5]), form, Encoding.UTF8.GetBytes(string.Join('&', all[5..]))));
    }

    [Theory]
    [InlineData("AccessKeyId")]
    [InlineData("SignatureMethod")]
    [InlineData("SignatureVersion")]
    [InlineData("SignatureNonce")]
    [InlineData("Timestamp")]
    [InlineData("Version")]
    [InlineData("Action")]
    public void A_parameter_that_is_missing_or_empty_is_named(string name)
    {
        foreach (Action<Dictionary<string, string>> spoil in new Action<Dictionary<string, string>>[]
        {
            parameters => parameters.Remove(name),
            parameters => parameters[name] = "",
        })
        {
            SignatureVerdict verdict = Refuses($"Missing{name}", new Signer().V2(spoil));
            Assert.Equal($"{name} is mandatory for this action.", verdict.Message);
        }
    }

    [Theory]
    [InlineData("x-acs-date", "MissingTimestamp")]
    [InlineData("x-acs-signature-nonce", "MissingSignatureNonce")]
    [InlineData("x-acs-action", "MissingAction")]
    [InlineData("x-acs-version", "MissingVersion")]
    [InlineData("host", "IncompleteSignature")]
    [InlineData("x-acs-content-sha256", "IncompleteSignature")]
    public void A_header_that_is_missing_is_named(string name, string code) =>
        Refuses(code, new Signer { BeforeSigning = signed => signed.Remove(name) }.V3());

    [Theory]
    [InlineData("host")]
    [InlineData("x-acs-action")]
    [InlineData("x-acs-version")]
    [InlineData("x-acs-date")]
    [InlineData("x-acs-signature-nonce")]
    [InlineData("x-acs-content-sha256")]
    [InlineData("x-acs-security-token")]
    [InlineData("content-type")]
    public void A_header_that_is_sent_and_not_signed_is_refused(string name)
    {
        string sent = "";
        var signer = new Signer { ContentType = "text/plain", Token = "t" };
        signer.BeforeSigning = signed =>
        {
            sent = signed[name];
            signed.Remove(name);
        };
        List<KeyValuePair<string, string>> headers = signer.V3Headers();

        Refuses(ImmWireErrorCode.IncompleteSignature, new("POST", "/", signer.Query, [.. headers, new(name, sent)], default));
    }

    [Theory]
    [InlineData("ACS3-HMAC-SHA256", "IncompleteSignature")]
    [InlineData("ACS3-HMAC-SHA256 ", "IncompleteSignature")]
    [InlineData("ACS3-HMAC-SHA256 Credential=LTAI1", "IncompleteSignature")]
    [InlineData("ACS3-HMAC-SHA256 Credential=LTAI1,SignedHeaders=host", "IncompleteSignature")]
    [InlineData("ACS3-HMAC-SHA256 Credential=LTAI1,Credential=LTAI1,SignedHeaders=host,Signature=00", "IncompleteSignature")]
    [InlineData("ACS3-HMAC-SHA256 Credential=LTAI1,SignedHeaders=host,Signature=00,More=1", "IncompleteSignature")]
    [InlineData("ACS3-HMAC-SHA256 Credential=,SignedHeaders=host,Signature=00", "MissingAccessKeyId")]
    [InlineData("ACS3-HMAC-SHA256 Credential=LTAI1,SignedHeaders=host,Signature=", "MissingSignature")]
    [InlineData("ACS3-HMAC-SHA256 Credential=LTAI1,SignedHeaders=,Signature=00", "IncompleteSignature")]
    [InlineData("ACS3-HMAC-SHA256 Credential=LTAI1,SignedHeaders=HOST,Signature=00", "IncompleteSignature")]
    [InlineData("ACS3-HMAC-SHA256 Credential=LTAI1,SignedHeaders=a b,Signature=00", "IncompleteSignature")]
    [InlineData("ACS3-HMAC-SM3 Credential=LTAI1,SignedHeaders=host,Signature=00", "InvalidSignatureMethod")]
    [InlineData("ACS3-RSA-SHA256 Credential=LTAI1,SignedHeaders=host,Signature=00", "InvalidSignatureMethod")]
    [InlineData("ACS4-HMAC-SHA256 Credential=LTAI1/20261126/cn/imm,SignedHeaders=host,Signature=00", "InvalidSignatureMethod")]
    [InlineData("acs LTAI1:c2lnbmF0dXJl", "InvalidSignatureMethod")]
    [InlineData("Bearer x", "InvalidSignatureMethod")]
    [InlineData("acs3-hmac-sha256 Credential=LTAI1,SignedHeaders=host,Signature=00", "InvalidSignatureMethod")]
    [InlineData("", "MissingAccessKeyId")]
    public void An_Authorization_of_another_form_is_refused(string authorization, string code)
    {
        List<KeyValuePair<string, string>> headers = Change(new Signer().V3Headers(), "Authorization", _ => authorization);

        Refuses(code, new("POST", "/", "ProjectName=photos", headers, default));
    }

    [Theory]
    [InlineData("x-acs-version;x-acs-signature-nonce;x-acs-date;x-acs-content-sha256;x-acs-action;host")]
    [InlineData("host;host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version")]
    [InlineData("host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version;")]
    public void A_list_of_headers_that_is_unsorted_or_repeats_one_is_refused(string list)
    {
        List<KeyValuePair<string, string>> headers = Change(
            new Signer().V3Headers(), "Authorization", _ => $"ACS3-HMAC-SHA256 Credential=LTAI1,SignedHeaders={list},Signature=00");

        Refuses(ImmWireErrorCode.IncompleteSignature, new("POST", "/", "ProjectName=photos", headers, default));
    }

    [Fact]
    public void Spaces_after_the_commas_are_accepted()
    {
        List<KeyValuePair<string, string>> headers = Change(
            new Signer().V3Headers(), "Authorization", value => value.Replace(",", ", ", StringComparison.Ordinal));

        Accepts(new("POST", "/", "ProjectName=photos", headers, default));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("x")]
    [InlineData("998133b89de9b3edc8a6d4a2502370eb1da45efe5dbd635307d609328e6747bf")]
    [InlineData("é")]
    public void A_signature_of_another_length_or_content_does_not_match(string signature)
    {
        List<KeyValuePair<string, string>> headers = Change(
            new Signer().V3Headers(), "Authorization", value => value[..(value.LastIndexOf('=') + 1)] + signature);
        Refuses(ImmWireErrorCode.SignatureDoesNotMatch, new("POST", "/", "ProjectName=photos", headers, default));
        Refuses(ImmWireErrorCode.SignatureDoesNotMatch, new Signer().V2(null, parameters => parameters["Signature"] = signature));
    }

    [Fact]
    public void Each_character_of_a_signature_counts()
    {
        List<KeyValuePair<string, string>> headers = new Signer().V3Headers();
        for (int i = 1; i <= 64; i++)
        {
            int at = i;
            List<KeyValuePair<string, string>> changed = Change(
                headers, "Authorization", value => value[..^at] + (value[^at] == '0' ? '1' : '0') + value[(value.Length - at + 1)..]);
            Refuses(ImmWireErrorCode.SignatureDoesNotMatch, new("POST", "/", "ProjectName=photos", changed, default));
        }

        List<KeyValuePair<string, string>> inUpperCase = Change(
            headers, "Authorization", value => value[..^64] + value[^64..].ToUpperInvariant());
        Refuses(ImmWireErrorCode.SignatureDoesNotMatch, new("POST", "/", "ProjectName=photos", inUpperCase, default));
    }

    [Fact]
    public void Signatures_are_compared_in_constant_time()
    {
        // No outcome tells how long a comparison took, and a timed assertion would be unreliable. So a calculated signature is a type that
        // the compiler compares in no other way.
        Assert.True(typeof(FixedTimeText).IsByRefLike);
        Assert.Equal(["Matches"], typeof(FixedTimeText).GetMethods(DeclaredMembers).Select(method => method.Name));
        Assert.Contains(
            LibrarySources.Uses,
            use => use is { User: "Wire/FixedTimeText.cs", Symbol: "CryptographicOperations.FixedTimeEquals" });
        Assert.Contains(
            LibrarySources.Uses, use => use is { User: "Wire/SignatureVerifier.cs", Symbol: "FixedTimeText.Matches" });
    }

    [Theory]
    [InlineData("HMAC-SHA256", "1.0", "InvalidSignatureMethod")]
    [InlineData("hmac-sha1", "1.0", "InvalidSignatureMethod")]
    [InlineData("HMAC-SHA1", "1", "InvalidSignatureVersion")]
    public void Only_HMAC_SHA1_of_version_1_0_is_accepted(string method, string version, string code)
    {
        SignedRequest request = new Signer().V2(parameters =>
        {
            parameters["SignatureMethod"] = method;
            parameters["SignatureVersion"] = version;
        });

        Refuses(code, request);
    }

    [Fact]
    public void Bearer_tokens_are_not_supported()
    {
        Refuses(ImmWireErrorCode.InvalidSignatureMethod, new Signer().V2(parameters => parameters["SignatureType"] = "BEARERTOKEN"));
        Refuses(ImmWireErrorCode.InvalidSignatureMethod, new("POST", "/", "", [new("x-acs-bearer-token", "x")], default));
        Refuses(ImmWireErrorCode.InvalidSignatureMethod, new("POST", "/", "SignatureType=BEARERTOKEN", [], default));
    }

    [Fact]
    public void Nothing_passes_unsigned()
    {
        Refuses("MissingAccessKeyId", new("POST", "/", "Format=json", [], default));
        Refuses("MissingSignature", new("GET", "/", "Format=json&AccessKeyId=LTAI1", [], default));
        Refuses("MissingAccessKeyId", new("GET", "/", "Signature=", [], default));
        Refuses(ImmWireErrorCode.UnsupportedHttpMethod, new Signer { Method = "PUT" }.V3());
    }

    [Fact]
    public void Version_3_comes_before_version_2()
    {
        List<KeyValuePair<string, string>> headers = new Signer { Query = "ProjectName=photos&Signature=x" }.V3Headers();

        Accepts(new("POST", "/", "ProjectName=photos&Signature=x", headers, default));
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(900, "")]
    [InlineData(-900, "")]
    [InlineData(901, "InvalidTimeStamp.Expired")]
    [InlineData(-901, "InvalidTimeStamp.Expired")]
    [InlineData(86400, "InvalidTimeStamp.Expired")]
    [InlineData(-86400, "InvalidTimeStamp.Expired")]
    public void The_time_may_differ_by_15_minutes_either_way(int seconds, string code)
    {
        Assert.Equal(code, Verify(new Signer { Time = RecordedRequest.Time.AddSeconds(seconds) }.V3()).Code);
        Assert.Equal(code, Verify(new Signer { Time = RecordedRequest.Time.AddSeconds(seconds) }.V2()).Code);
    }

    [Theory]
    [InlineData("2026-11-26T12:29:11+00:00")]
    [InlineData("2026-11-26 12:29:11Z")]
    [InlineData("2026-11-26T12:29:11.0Z")]
    [InlineData("2026-13-26T12:29:11Z")]
    [InlineData("Thu, 26 Nov 2026 12:29:11 GMT")]
    [InlineData("1795695000")]
    public void A_time_of_another_form_is_refused(string time)
    {
        Refuses(ImmWireErrorCode.InvalidTimeStampFormat, new Signer { BeforeSigning = signed => signed["x-acs-date"] = time }.V3());
        Refuses(ImmWireErrorCode.InvalidTimeStampFormat, new Signer().V2(parameters => parameters["Timestamp"] = time));
    }

    [Fact]
    public void Keys_must_be_there_and_active()
    {
        _credentials["off"] = new RamCredential("off", Secret, Alice) { IsActive = false };

        Refuses(ImmWireErrorCode.InvalidAccessKeyIdNotFound, new Signer { AccessKeyId = "nobody" }.V3());
        Refuses(ImmWireErrorCode.InvalidAccessKeyIdNotFound, new Signer { AccessKeyId = new string('x', 5000) }.V3());
        Refuses(ImmWireErrorCode.InvalidAccessKeyIdNotFound, new Signer { AccessKeyId = "ltai1" }.V2());
        Refuses(ImmWireErrorCode.InvalidAccessKeyIdInactive, new Signer { AccessKeyId = "off" }.V3());
        Refuses(ImmWireErrorCode.InvalidAccessKeyIdInactive, new Signer { AccessKeyId = "off", Secret = "wrong" }.V2());
    }

    [Fact]
    public void A_temporary_key_needs_its_token_until_that_expires()
    {
        _credentials["STS.1"] = new RamCredential("STS.1", Secret, Alice)
        {
            SecurityToken = "token+/=",
            Expires = RecordedRequest.Time.AddHours(1),
        };
        _credentials["STS.2"] = new RamCredential("STS.2", Secret, Alice);

        Accepts(new Signer { AccessKeyId = "STS.1", Token = "token+/=" }.V3());
        Accepts(new Signer { AccessKeyId = "STS.1", Token = "token+/=", Nonce = "n2" }.V2());
        Refuses("MissingSecurityToken", new Signer { AccessKeyId = "STS.1" }.V3());
        Refuses("MissingSecurityToken", new Signer { AccessKeyId = "STS.1" }.V2());
        Refuses("MissingSecurityToken", new Signer { AccessKeyId = "STS.2" }.V2());
        Refuses(ImmWireErrorCode.InvalidSecurityTokenMismatch, new Signer { AccessKeyId = "STS.1", Token = "token+/" }.V3());
        Refuses(ImmWireErrorCode.InvalidSecurityTokenMismatch, new Signer { Token = "token+/=" }.V2());
        Refuses(ImmWireErrorCode.InvalidSecurityTokenMalformed, new Signer { AccessKeyId = "STS.1", Token = "to ken" }.V2());
        Refuses(ImmWireErrorCode.InvalidSecurityTokenMalformed, new Signer { AccessKeyId = "STS.1", Token = new string('t', 8193) }.V2());
        _clock.Advance(TimeSpan.FromHours(1));
        Refuses(ImmWireErrorCode.InvalidSecurityTokenExpired,
            new Signer { AccessKeyId = "STS.1", Token = "token+/=", Time = _clock.GetUtcNow() }.V3());
    }

    [Fact]
    public void A_nonce_is_used_once_in_both_versions_and_by_each_key_for_itself()
    {
        _credentials["LTAI2"] = new("LTAI2", Secret, Alice);
        SignatureVerifier verifier = Verifier();

        Assert.Equal("", verifier.Verify(new Signer().V3()).Code);
        Assert.Equal(ImmWireErrorCode.SignatureNonceUsed, verifier.Verify(new Signer().V3()).Code);
        Assert.Equal(ImmWireErrorCode.SignatureNonceUsed, verifier.Verify(new Signer { Action = "DeleteProject" }.V2()).Code);
        Assert.Equal("", verifier.Verify(new Signer { AccessKeyId = "LTAI2" }.V2()).Code);
        Assert.Equal("", verifier.Verify(new Signer { Nonce = "N1" }.V2()).Code);
    }

    [Fact]
    public void A_refused_request_uses_no_nonce_up()
    {
        SignatureVerifier verifier = Verifier();

        Assert.Equal(ImmWireErrorCode.SignatureDoesNotMatch, verifier.Verify(new Signer { Secret = "wrong" }.V3()).Code);
        Assert.Equal(ImmWireErrorCode.SignatureDoesNotMatch, verifier.Verify(new Signer { Secret = "wrong" }.V2()).Code);
        Assert.Equal("", verifier.Verify(new Signer().V3()).Code);
    }

    [Fact]
    public void A_request_cannot_be_repeated_as_long_as_its_time_is_accepted()
    {
        SignatureVerifier verifier = Verifier();
        SignedRequest early = new Signer { Time = RecordedRequest.Time.AddMinutes(15) }.V3();
        Assert.Equal("", verifier.Verify(early).Code);

        _clock.Advance(TimeSpan.FromMinutes(30));
        Assert.Equal(ImmWireErrorCode.SignatureNonceUsed, verifier.Verify(early).Code);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ImmWireErrorCode.InvalidTimeStampExpired, verifier.Verify(early).Code);
        Assert.Equal("", verifier.Verify(new Signer { Time = _clock.GetUtcNow() }.V3()).Code);
    }

    [Fact]
    public void Of_equal_requests_at_the_same_time_one_is_accepted()
    {
        SignatureVerifier verifier = Verifier();

        string[] codes = [.. Enumerable.Range(0, 64).AsParallel().WithDegreeOfParallelism(8).Select(
            _ => verifier.Verify(new Signer().V3()).Code)];

        Assert.Single(codes, "");
        Assert.Equal(63, codes.Count(code => code == ImmWireErrorCode.SignatureNonceUsed));
    }

    [Fact]
    public void A_nonce_has_128_characters_at_most()
    {
        Accepts(new Signer { Nonce = new string('n', 128) }.V3());
        SignatureVerdict verdict = Refuses("InvalidSignatureNonce", new Signer { Nonce = new string('n', 1_000_000) }.V3());
        Assert.True(verdict.Message.Length < 100, verdict.Message);
        Refuses("InvalidSignatureNonce", new Signer { Nonce = new string('n', 129) }.V2());
    }

    [Fact]
    public void A_very_long_Authorization_is_refused_before_it_is_read()
    {
        List<KeyValuePair<string, string>> headers = Change(
            new Signer().V3Headers(), "Authorization", value => value + new string(',', 1_000_000));

        Assert.True(Refuses(ImmWireErrorCode.IncompleteSignature, new("POST", "/", "", headers, default)).Message.Length < 100);
    }

    [Fact]
    public void Nonces_are_kept_in_bounded_memory_and_forgotten_when_they_have_expired()
    {
        var window = new NonceWindow(3);
        DateTimeOffset now = RecordedRequest.Time;
        foreach (string nonce in new[] { "a", "b", "c", "d" })
        {
            Assert.True(window.TryUse("k", nonce, now, now.AddMinutes(15)));
        }

        Assert.Equal(3, window.Count);
        Assert.False(window.TryUse("k", "b", now, now.AddMinutes(15)));
        Assert.True(window.TryUse("k", "a", now, now.AddMinutes(15)));
        Assert.False(window.TryUse("k", "a", now.AddMinutes(15), now.AddMinutes(30)));
        Assert.True(window.TryUse("k", "a", now.AddMinutes(16), now.AddMinutes(31)));
        Assert.Equal(1, window.Count);
        Assert.False(window.TryUse("k", "a", now.AddMinutes(31), now.AddMinutes(46)));
        Assert.True(window.TryUse("ka", "", now, now.AddMinutes(15)));
    }

    [Fact]
    public void A_nonce_that_was_used_again_stays_when_its_first_use_is_forgotten()
    {
        var window = new NonceWindow(10);
        DateTimeOffset now = RecordedRequest.Time;
        Assert.True(window.TryUse("k", "first", now, now.AddMinutes(30)));
        Assert.True(window.TryUse("k", "a", now, now.AddMinutes(15)));
        Assert.True(window.TryUse("k", "a", now.AddMinutes(20), now.AddMinutes(50)));

        Assert.True(window.TryUse("k", "b", now.AddMinutes(31), now.AddMinutes(50)));

        Assert.False(window.TryUse("k", "a", now.AddMinutes(40), now.AddMinutes(50)));
    }

    [Fact]
    public void Any_request_is_accepted_or_refused_with_a_code_and_no_secret_is_shown()
    {
        var random = new Random(3);
        string[] odd =
        [
            "", "\0", "%", "%zz", "=", "&", ";", ",", " ", "\ud800", "😀", "é", "host", "x-acs-date", "Signature", new('a', 9000),
        ];
        var codes = new HashSet<string>();
        for (int i = 0; i < Wire.WireCampaign.Count(5_000, 1_000_000); i++)
        {
            var signer = new Signer { Nonce = $"n{i}", Method = random.Next(2) == 0 ? "GET" : "POST" };
            SignedRequest request = random.Next(2) == 0 ? signer.V3() : signer.V2();
            List<KeyValuePair<string, string>> headers = random.Next(2) == 0 ? signer.V3Headers() : [];
            string query = random.Next(2) == 0 ? signer.V2Query() : signer.Query;
            for (int edits = random.Next(3); edits > 0; edits--)
            {
                int at = random.Next(query.Length + 1);
                query = query.Insert(at, odd[random.Next(odd.Length)]);
                if (headers.Count > 0)
                {
                    int index = random.Next(headers.Count);
                    string value = headers[index].Value;
                    headers[index] = new(headers[index].Key, value.Insert(random.Next(value.Length + 1), odd[random.Next(odd.Length)]));
                }
            }

            SignatureVerdict verdict = Verify(new SignedRequest(request.Method, "/", query, headers, request.Body));

            codes.Add(verdict.Code);
            Assert.Equal(verdict.Credential is null, verdict.Code.Length > 0);
            Assert.DoesNotContain(Secret, verdict.ToString(), StringComparison.Ordinal);
        }

        Assert.True(codes.Count > 8, string.Join(", ", codes));
    }

    [Fact]
    public void A_credential_shows_neither_its_secret_nor_its_token()
    {
        var credential = new RamCredential("LTAI1", Secret, Alice) { SecurityToken = "token-of-alice" };

        Assert.Equal("LTAI1 of acs:ram::42:user/alice", credential.ToString());
        Assert.DoesNotContain(Secret, JsonSerializer.Serialize(credential), StringComparison.Ordinal);
        Assert.DoesNotContain("token-of", JsonSerializer.Serialize(credential), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>("accessKeyId", () => new RamCredential("", Secret, Alice));
        Assert.Throws<ArgumentException>("accessKeyId", () => new RamCredential(new string('x', 129), Secret, Alice));
        Assert.Throws<ArgumentException>("accessKeySecret", () => new RamCredential("LTAI1", "", Alice));
        Assert.Throws<ArgumentNullException>("principal", () => new RamCredential("LTAI1", Secret, null!));
    }

    private static string MismatchMessage(string stringToSign) =>
        "Specified signature is not matched with our calculation. server string to sign is:" + stringToSign;

    private static List<KeyValuePair<string, string>> Change(
        List<KeyValuePair<string, string>> headers, string name, Func<string, string> change) =>
        [.. headers.Select(header => header.Key == name ? new(name, change(header.Value)) : header)];

    private SignatureVerifier Verifier() => new(id => _credentials.GetValueOrDefault(id), _clock, 1000);

    private SignatureVerdict Verify(SignedRequest request) => Verifier().Verify(request);

    private void Accepts(SignedRequest request)
    {
        SignatureVerdict verdict = Verify(request);
        Assert.True(verdict.Credential is not null, $"{verdict.Code}: {verdict.Message} {verdict.CanonicalRequest}");
    }

    private SignatureVerdict Refuses(string code, SignedRequest request)
    {
        SignatureVerdict verdict = Verify(request);
        Assert.Equal((code, null), (verdict.Code, verdict.Credential));
        Assert.DoesNotContain(Secret, verdict.ToString(), StringComparison.Ordinal);
        return verdict;
    }
}
