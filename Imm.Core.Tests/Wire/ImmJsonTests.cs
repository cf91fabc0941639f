using System.Globalization;
using System.Text;
using Imm.Core.Json;
using Imm.Core.Model;
using Xunit;
using Assert = Xunit.Assert;

namespace Imm.Core.Tests.Wire;

/// <summary>Tests of projects as JSON: the vendor's sample, the forms that are read, and errors that name the field.</summary>
public sealed class ImmJsonTests
{
    /// <summary>The sample answer on the vendor's page of CreateProject.</summary>
    private const string Sample = """
        {
          "RequestId": "7F7D235C-76FF-4B65-800C-8238AE3F****",
          "Project": {
            "ProjectName": "immtest",
            "ServiceRole": "AliyunIMMDefaultRole",
            "TemplateId": "Official:ImageManagement",
            "CreateTime": "2021-06-29T14:50:13.011643661+08:00",
            "UpdateTime": "2021-06-29T14:50:13.011643661+08:00",
            "Description": "test project",
            "ProjectQueriesPerSecond": 100,
            "EngineConcurrency": 100,
            "ProjectMaxDatasetCount": 1000000000,
            "DatasetMaxBindCount": 10,
            "DatasetMaxFileCount": 100000000,
            "DatasetMaxEntityCount": 10000000000,
            "DatasetMaxRelationCount": 100000000000,
            "DatasetMaxTotalFileSize": 90000000000000000,
            "DatasetCount": 5,
            "FileCount": 10,
            "TotalFileSize": 100000,
            "Tags": [
              {
                "TagKey": "TestKey",
                "TagValue": "TestValue"
              }
            ]
          }
        }
        """;

    private const string Least = """{"ProjectName":"p","CreateTime":"2021-06-29T14:50:13Z","UpdateTime":"2021-06-29T14:50:13Z"}""";

    private static string SampleProject => string.Concat(Sample[Sample.IndexOf('{', 1)..Sample.LastIndexOf('}')].Split('\n').Select(line =>
        line.Trim()))
        .Replace("\": ", "\":", StringComparison.Ordinal);

    [Fact]
    public void Reads_and_writes_the_vendors_sample_except_for_the_last_two_digits_of_its_times()
    {
        Project project = ImmJson.ReadProject(Sample);

        Assert.Equal((5, 10, 100_000), (project.DatasetCount, project.FileCount, project.TotalFileSize));
        Assert.Equal([new Tag("TestKey", "TestValue")], project.Tags);
        Assert.Equal(DateTimeOffset.Parse("2021-06-29T06:50:13.0116436Z", CultureInfo.InvariantCulture), project.CreateTime);
        Assert.Equal(SampleProject.Replace("643661+", "643600+", StringComparison.Ordinal), ImmJson.WriteProject(project));
    }

    [Fact]
    public void Reads_a_bare_project_as_one_in_an_answer()
    {
        Assert.Equal(ImmJson.ReadProject(Sample), ImmJson.ReadProject(SampleProject));
    }

    [Fact]
    public void Reads_back_a_project_of_a_registry()
    {
        using var wire = new WireFixture(options => options.ProjectQuota = 7);
        Project created = wire.Registry.Create(
            new CreateProjectRequest { ProjectName = "photos", Tag = [new("k", "v")], DatasetMaxBindCount = 1 });

        Assert.Equal(created, ImmJson.ReadProject(ImmJson.WriteProject(created)));
    }

    [Fact]
    public void Absent_and_null_fields_have_the_values_of_a_new_project()
    {
        Project project = ImmJson.ReadProject(Least);

        Assert.Equal(
            WireFixture.Project("p").Replace("14:50:13.011643600+08:00", "14:50:13.000000000+00:00", StringComparison.Ordinal),
            ImmJson.WriteProject(project, TimeSpan.Zero));
        foreach (string field in ProjectFieldNames().Except(["ProjectName", "CreateTime", "UpdateTime"]))
        {
            Assert.Equal(project, ImmJson.ReadProject(With(field, "null")));
        }
    }

    [Fact]
    public void Skips_unknown_fields_and_takes_the_last_of_two_equal_fields()
    {
        Assert.Equal(ImmJson.ReadProject(Least), ImmJson.ReadProject("""{"New":{"a":[1,null]},"ProjectName":"1",""" + Least[1..]));
    }

    [Theory]
    [InlineData("ProjectName", "null")]
    [InlineData("ProjectName", "\"1\"")]
    [InlineData("ProjectName", "1")]
    [InlineData("ServiceRole", "\"a b\"")]
    [InlineData("TemplateId", "\"\\n\"")]
    [InlineData("CreateTime", "null")]
    [InlineData("CreateTime", "\"2021-06-29\"")]
    [InlineData("UpdateTime", "null")]
    [InlineData("UpdateTime", "\"2021-06-29T14:50:12.999999999Z\"")]
    [InlineData("Description", "\"\\ud800\"")]
    [InlineData("Description", "{}")]
    [InlineData("ProjectQueriesPerSecond", "-1")]
    [InlineData("EngineConcurrency", "-1")]
    [InlineData("ProjectMaxDatasetCount", "0")]
    [InlineData("DatasetMaxBindCount", "11")]
    [InlineData("DatasetMaxFileCount", "10000000000")]
    [InlineData("DatasetMaxEntityCount", "9223372036854775808")]
    [InlineData("DatasetMaxRelationCount", "1.5")]
    [InlineData("DatasetMaxTotalFileSize", "\"1\"")]
    [InlineData("DatasetCount", "-1")]
    [InlineData("FileCount", "-1")]
    [InlineData("TotalFileSize", "-9223372036854775808")]
    [InlineData("Tags", "[null]")]
    [InlineData("Tags", "[{}]")]
    [InlineData("Tags", """[{"TagKey":"a"},{"TagKey":"a"}]""")]
    [InlineData("Tags", """[{"TagKey":"a","TagValue":1}]""")]
    [InlineData("Tags", "{}")]
    public void Names_a_wrong_field(string field, string value)
    {
        foreach (string json in (string[])[With(field, value), $$"""{"RequestId":"x","Project":{{With(field, value)}}}"""])
        {
            FormatException exception = Assert.Throws<FormatException>(() => ImmJson.ReadProject(json));

            Assert.Contains(field, exception.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("1")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("""{"Project":null}""")]
    [InlineData("""{"Project":[]}""")]
    [InlineData("¿")]
    [InlineData("{\"ProjectName\":\"¿\"}")]
    public void Rejects_a_text_that_is_not_a_project(string json)
    {
        // An attribute cannot hold a lone surrogate.
        Assert.Throws<FormatException>(() => ImmJson.ReadProject(json.Replace('¿', '\ud800')));
    }

    [Fact]
    public void Misuse_throws_an_argument_exception()
    {
        Project project = ImmJson.ReadProject(Least);

        Assert.Throws<ArgumentNullException>(() => ImmJson.ReadProject(null!));
        Assert.Throws<ArgumentNullException>(() => ImmJson.WriteProject(null!));
        Assert.Equal(
            "timeOffset",
            Assert.Throws<ArgumentOutOfRangeException>(() => ImmJson.WriteProject(project, TimeSpan.FromSeconds(1))).ParamName);
        Assert.Throws<ArgumentOutOfRangeException>(() => ImmJson.WriteProject(project, TimeSpan.FromHours(15)));
    }

    [Theory]
    [InlineData("2021-06-29T14:50:13Z", "2021-06-29T14:50:13.0000000")]
    [InlineData("2021-06-29T14:50:13+08:00", "2021-06-29T06:50:13.0000000")]
    [InlineData("2021-06-29T14:50:13.0-03:30", "2021-06-29T18:20:13.0000000")]
    [InlineData("2021-06-29T14:50:13.1Z", "2021-06-29T14:50:13.1000000")]
    [InlineData("2021-06-29T14:50:13.0000001Z", "2021-06-29T14:50:13.0000001")]
    [InlineData("2021-06-29T14:50:13.00000019Z", "2021-06-29T14:50:13.0000001")]
    [InlineData("2021-06-29T14:50:13.999999999Z", "2021-06-29T14:50:13.9999999")]
    [InlineData("2020-02-29T00:00:00+23:59", "2020-02-28T00:01:00.0000000")]
    [InlineData("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.9999999")]
    [InlineData("0001-01-01T00:00:00-00:00", "0001-01-01T00:00:00.0000000")]
    public void Reads_a_time_with_0_to_9_fraction_digits_truncated_to_100_ns(string text, string utc)
    {
        Assert.True(WireTime.TryRead(text, out long ticks));
        Assert.Equal(utc, new DateTime(ticks).ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff", CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("")]
    [InlineData("2021-06-29T14:50:13")]
    [InlineData("2021-06-29T14:50:13.")]
    [InlineData("2021-06-29T14:50:13.Z")]
    [InlineData("2021-06-29T14:50:13.1")]
    [InlineData("2021-06-29T14:50:13.1234567890Z")]
    [InlineData("2021-06-29T14:50:13,1Z")]
    [InlineData("2021-06-29T14:50:13z")]
    [InlineData("2021-06-29 14:50:13Z")]
    [InlineData("2021-06-29T14:50Z")]
    [InlineData("2021-02-29T14:50:13Z")]
    [InlineData("2021-06-29T24:00:00Z")]
    [InlineData("2021-06-29T14:50:60Z")]
    [InlineData("2021-06-29T14:50:13+8:00")]
    [InlineData("2021-06-29T14:50:13+0800")]
    [InlineData("2021-06-29T14:50:13+08")]
    [InlineData("2021-06-29T14:50:13+24:00")]
    [InlineData("2021-06-29T14:50:13+08:60")]
    [InlineData("2021-06-29T14:50:13+-8:00")]
    [InlineData("2021-06-29T14:50:13 +08:00")]
    [InlineData(" 2021-06-29T14:50:13Z")]
    [InlineData("2021-06-29T14:50:13Z ")]
    [InlineData("0001-01-01T00:00:00+00:01")]
    [InlineData("9999-12-31T23:59:59-00:01")]
    [InlineData("٢٠٢١-06-29T14:50:13Z")]
    public void Rejects_a_text_that_is_not_a_time(string text)
    {
        Assert.False(WireTime.TryRead(text, out _));
    }

    [Theory]
    [InlineData("0001-01-01T00:00:00.0000000", -1, "0001-01-01T00:00:00.000000000+00:00")]
    [InlineData("0001-01-01T00:00:00.0000000", 8, "0001-01-01T08:00:00.000000000+08:00")]
    [InlineData("9999-12-31T23:59:59.9999999", 8, "9999-12-31T23:59:59.999999900+00:00")]
    [InlineData("9999-12-31T23:59:59.9999999", -14, "9999-12-31T09:59:59.999999900-14:00")]
    [InlineData("2021-06-29T14:50:13.0116436", 0, "2021-06-29T14:50:13.011643600+00:00")]
    public void Writes_a_time_with_9_digits_and_an_offset_also_at_the_ends_of_the_calendar(string utc, int hours, string text)
    {
        long ticks = DateTime.ParseExact(utc, "yyyy-MM-dd'T'HH:mm:ss.fffffff", CultureInfo.InvariantCulture).Ticks;

        Assert.Equal(text, Encoding.ASCII.GetString(WireTime.Write(ticks, TimeSpan.FromHours(hours), new byte[WireTime.Length])));
        Assert.True(WireTime.TryRead(text, out long read));
        Assert.Equal(ticks, read);
    }

    [Fact]
    public void Reads_back_any_project_that_it_writes()
    {
        var random = new Random(18);
        for (int i = 0; i < WireCampaign.Count(500, 100_000); i++)
        {
            Project project = RandomProject(random);
            string json = ImmJson.WriteProject(project, TimeSpan.FromMinutes(random.Next(-840, 841)));

            Project read = ImmJson.ReadProject(json);

            Assert.Equal(project, read);
            Assert.Equal(json.Length, ImmJson.WriteProject(read, TimeSpan.FromMinutes(1)).Length);
        }
    }

    private static string With(string field, string value) => Least[..^1] + $",\"{field}\":{value}}}";

    private static IEnumerable<string> ProjectFieldNames() => typeof(ProjectDocument).GetProperties().Select(property => property.Name);

    private static Project RandomProject(Random random)
    {
        long create = random.Next(8) switch { 0 => 0, 1 => DateTime.MaxValue.Ticks, _ => random.NextInt64(DateTime.MaxValue.Ticks) };
        Assert.Null(TagSet.Parse(
            [.. Enumerable.Range(0, random.Next(4)).Select(i => new Tag($"{i}{Text(random, 127)}", Text(random, 128)))], out TagSet tags));
        LimitSet<long?> limits = default;
        foreach (Limit limit in Limit.OfProject)
        {
            limits[limit] = random.NextInt64(1, limit.Maximum) + random.Next(2);
        }

        return new Project(
            ProjectName.Parse("_" + random.Next()),
            Text(random, 256),
            "role." + random.Next(),
            string.Concat(Text(random, 128).Where(c => !char.IsControl(c))),
            Quota.Default.With(limits),
            tags,
            create,
            random.NextInt64(create, DateTime.MaxValue.Ticks),
            new ProjectCapacity(Number(random, 0), Number(random, 0)))
        {
            DatasetCount = Number(random, 0),
            FileCount = Number(random, 0),
            TotalFileSize = Number(random, 0),
        };
    }

    private static long Number(Random random, long minimum) =>
        random.Next(4) == 0 ? long.MaxValue : random.NextInt64(minimum, long.MaxValue);

    private static string Text(Random random, int maximum) => string.Concat(Enumerable.Range(0, random.Next(maximum + 1)).Select(_ =>
        random.Next(6) switch
    {
        0 => ((char)random.Next(0x20)).ToString(),
        1 => ((char)random.Next(0x20, 0x7F)).ToString(),
        2 => "\"\\/<>&+'\u2028\u2029\uFEFF\uFFFF"[random.Next(12)].ToString(),
        3 => ((char)random.Next(0x7F, 0xD800)).ToString(),
        4 => ((char)random.Next(0xE000, 0x10000)).ToString(),
        _ => char.ConvertFromUtf32(random.Next(0x10000, 0x110000)),
    }));
}
