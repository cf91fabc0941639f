using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Imm.Core.Tests.Model;

/// <summary>Tests of the texts that values show to people: short, and the same in every culture.</summary>
public sealed class TextTests : IDisposable
{
    private readonly ImmStore _store = ImmStore.InMemory(new ImmStoreOptions
    {
        TimeProvider = new FakeTimeProvider(new DateTimeOffset(2026, 11, 26, 21, 54, 3, TimeSpan.Zero)),
        ProjectQuota = 1,
    });

    private readonly ProjectRegistry _registry;
    private readonly Project _project;

    public TextTests()
    {
        _registry = _store.Registry();
        _registry.Create(new() { ProjectName = "photos", DatasetMaxFileCount = 5_000, Tag = [new("team", "media")] });
        _registry.CreateDataset(new() { ProjectName = "photos", DatasetName = "raw" });
        _registry.CreateBinding("photos", "raw", "oss://camera");
        _registry.AddFiles("photos", "raw", 10, 48_000_000);
        _project = _registry.Get("photos");
    }

    /// <summary>A culture whose separators and signs are all unusual, and cultures of the machine; it may have none.</summary>
    public static TheoryData<string> Cultures =>
    [
        "unusual",
        .. CultureInfo.GetCultures(CultureTypes.AllCultures).Select(culture => culture.Name)
            .Where(name => name is "ar-SA" or "de-CH" or "fa-IR" or "fi-FI" or "th-TH" or "tr-TR"),
    ];

    public void Dispose() => _store.Dispose();

    [Theory]
    [MemberData(nameof(Cultures))]
    public void A_value_shows_a_short_text_that_is_the_same_in_every_culture(string culture) => In(culture, () =>
    {
        Assert.Equal(
            "photos (datasets: 1, files: 10, bytes: 48000000, created: 2026-11-26T21:54:03Z)", _project.ToString());
        Assert.Equal("photos/raw (bindings: 1, files: 10, bytes: 48000000)", _registry.GetDataset("photos", "raw").ToString());
        Assert.Equal("DatasetMaxFileCount 5000", _project.Quota.ToString());
        Assert.Equal("DatasetMaxFileCount 5000", _project.Quota.Dataset.ToString());
        Assert.Equal("the default limits", Quota.Default.ToString());
        Assert.Equal("the default limits", DatasetQuota.Default.ToString());
        Assert.Equal("team=media", _project.Tags[0].ToString());
        Assert.Equal("[team=media]", _project.Tags.ToString());
        Assert.Equal("projects: 1, next token: none", _registry.List().ToString());
        Assert.Equal("datasets: 1, next token: none", _registry.ListDatasets(new() { ProjectName = "photos" }).ToString());
        Assert.Equal("photos/raw: oss://camera (Ready, FullScanning)", _registry.ListBindings("photos", "raw")[0].ToString());
        Assert.Equal(
            "bindings: 1, next token: none", _registry.ListBindings(new() { ProjectName = "photos", DatasetName = "raw" }).ToString());
    });

    [Fact]
    public void A_page_shows_the_token_of_the_next_one()
    {
        _registry.CreateDataset(new() { ProjectName = "photos", DatasetName = "small" });

        Assert.Equal(
            "datasets: 1, next token: default:photos:raw",
            _registry.ListDatasets(new() { ProjectName = "photos", MaxResults = 1 }).ToString());
    }

    [Theory]
    [MemberData(nameof(Cultures))]
    public void A_refusal_shows_its_data_as_a_value_and_as_an_exception(string culture) => In(culture, () =>
    {
        const string Data = "LimitExceededError, HTTP status 400, parameter ProjectName, requested 1, used 1, limit 1";
        Assert.False(_registry.TryCreate(new() { ProjectName = "music" }, out _, out ImmRefusal? refusal));
        ImmException exception = Assert.Throws<ImmException>(() => _registry.Create(new() { ProjectName = "music" }));

        Assert.Equal($"{Data}: {refusal.Message}", refusal.ToString());
        Assert.StartsWith(
            $"Imm.Core.ImmException ({Data}): {refusal.Message}{Environment.NewLine}   at ",
            exception.ToString(),
            StringComparison.Ordinal);
        Assert.Equal(
            "Imm.Core.ImmException (StatusConflict, HTTP status 400, parameter ProjectName)",
            Assert.Throws<ImmException>(() => _registry.Delete("photos")).ToString().Split(':')[0]);
    });

    [Fact]
    public void An_exception_shows_its_cause()
    {
        ImmException exception = ImmRefusal.Unavailable(ImmUnavailableReason.NoSpace, "message", new IOException("cause")).ToException();

        Assert.Equal(
            $"Imm.Core.ImmException (ServiceUnavailable, HTTP status 503, reason NoSpace): message{Environment.NewLine}"
            + " ---> System.IO.IOException: cause",
            exception.ToString().Split($"{Environment.NewLine}   --- End")[0]);
    }

    private static void In(string culture, Action check)
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = culture == "unusual" ? Unusual() : CultureInfo.GetCultureInfo(culture);
        try
        {
            check();
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private static CultureInfo Unusual()
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.DateTimeFormat.TimeSeparator = "h";
        culture.DateTimeFormat.DateSeparator = "d";
        culture.NumberFormat.NegativeSign = "minus";
        culture.NumberFormat.NumberGroupSeparator = "'";
        return culture;
    }
}
