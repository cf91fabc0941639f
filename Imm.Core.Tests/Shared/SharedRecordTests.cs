using Imm.Core.Model;
using Imm.Core.Shared;
using Xunit;

namespace Imm.Core.Tests.Shared;

/// <summary>The JSON of the records and batches, without a server: what is read, and what is refused as damaged.</summary>
public sealed class SharedRecordTests
{
    private const string Time = "2026-11-27T15:19:03.076101400+00:00";

    private static readonly Scope Scope = new("account", "region");
    private static readonly SharedBatch Batches = new(new ServiceDefaults(1000, 7, 9));

    public static TheoryData<string, string> Damaged => new()
    {
        { "null", "The JSON of the batch is null." },
        { "", "The text is not the JSON of a batch." },
        { "{}", "The text is not the JSON of a batch. There is a StartObject instead of StartArray at byte 0." },
        { "[", "The text is not the JSON of a batch." },
        { "[] []", "The text is not the JSON of a batch." },
        { "[1]", "There is a Number instead of StartObject at byte 1." },
        { "[null]", "The kind '' is not known." },
        { "[{}]", "The kind '' is not known." },
        { Change("'Kind':'Other'"), "The kind 'Other' is not known." },
        { Change("'State':'Other'"), "The state 'Other' of a change is not known." },
        { Change("'State':null"), "The state '' of a change is not known." },
        { Change("'Number':'1'"), "There is a String instead of Number" },
        { Change("'Number':1.5"), "A number is not whole, or too great." },
        { Change("'Number':9223372036854775808"), "A number is not whole, or too great." },
        { Change("'IsLast':1"), "There is a Number instead of true or false" },
        { Change("'Value':null"), "The JSON of the record is null." },
        { Change("'Value':[]"), "The text is not the JSON of a record. There is a StartArray instead of StartObject at byte 0." },
        { Project("'ProjectName':null"), "The Project is wrong at $.ProjectName." },
        { Project("'ProjectName':'1'"), "it starts with '1'" },
        { Project("'ProjectName':{}"), "There is a StartObject instead of String" },
        { Project("'Description':'\\ud800'"), "The text is not the JSON of a record." },
        { Project("'Description':'" + new string('d', 257) + "'"), "The Project is wrong at $.Description." },
        { Project("'ServiceRole':'a b'"), "The Project is wrong at $.ServiceRole." },
        { Project("'DatasetMaxBindCount':0"), "The Project is wrong at $.DatasetMaxBindCount." },
        { Project("'DatasetCount':-1"), "The Project is wrong at $.DatasetCount. It is below 0." },
        { Project("'Revision':-1"), "The Project is wrong at $.Revision. It is below 0." },
        { Project("'CreateTime':null"), "The Project is wrong at $.CreateTime. It is missing." },
        { Project("'CreateTime':'2026-02-30T15:19:03Z'"), "The Project is wrong at $.CreateTime. A time looks like" },
        { Project("'CreateTime':'" + new string('1', 300) + "'"), "The Project is wrong at $.CreateTime. A time looks like" },
        { Project("'UpdateTime':''"), "The Project is wrong at $.UpdateTime. A time looks like" },
        { Project("'UpdateTime':'2026-11-27T15:19:03Z'"), "The Project is wrong at $.UpdateTime. It is before CreateTime." },
        { Project("'Tags':{}"), "There is a StartObject instead of StartArray" },
        { Project("'Tags':[null]"), "The Project is wrong at $.Tags. The parameter Tag" },
        { Project("'Tags':[{'TagValue':'v'}]"), "the key of entry 1 is empty" },
        { Project("'Tags':[{'TagKey':'k'},{'TagKey':'k'}]"), "the key of entry 2 is that of entry 1" },
        { Record("Dataset", "'DatasetName':'d d'"), "The Dataset is wrong at $.DatasetName." },
        { Record("Dataset", "'DatasetName':'d','Bindings':[null]"), "The Dataset is wrong at $.Bindings[0]. It is null." },
        {
            Record("Dataset", $"'DatasetName':'d','Bindings':[{{'URI':'oss://b','CreateTime':'{Time}'}},{{'URI':'b'}}]"),
            "The Dataset is wrong at $.Bindings[1].URI."
        },
        { Record("Dataset", "'DatasetName':'d','Bindings':[{'URI':'oss://b'}]"), "at $.Bindings[0].CreateTime. It is missing." },
        { Record("Attachment", "'OSSBucket':'B'"), "The Attachment is wrong at $.OSSBucket." },
        { Record("Scope", "'ProjectQuota':2147483648"), "A number is not whole, or too great." },
        { Record("Scope", "'Revision':'1'"), "There is a String instead of Number" },
    };

    [Theory]
    [MemberData(nameof(Damaged))]
    public void A_damaged_batch_is_refused_with_what_is_wrong(string json, string problem)
    {
        var refused = Assert.Throws<FormatException>(() => Batches.Read(Scope, json));

        Assert.Contains(problem, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Half_of_a_surrogate_pair_is_refused() =>
        Assert.Throws<FormatException>(() => Batches.Read(Scope, Project("'Description':'\ud800'")));

    [Fact]
    public void Fields_are_read_in_any_order_and_unknown_ones_are_ignored()
    {
        string value = Quoted(
            $"{{'Later':{{'ProjectName':[1,{{}}]}},'OSSBucket':5,'Revision':3,'Description':'first','Description':'\\u0064','Tags':null,"
            + $"'CreateTime':'2026\\u002d11-27T15:19:03.0761014\\u00300Z','ProjectName':'\\u0070','FileCount':null}}");
        Change expected = Assert.Single(Batches.Read(Scope, Project("'Description':'d','Revision':3"))).Change;

        foreach (string json in (string[])
        [
            $"[{{\"Value\":{value},\"Later\":[[]],\"IsLast\":true,\"State\":\"Created\",\"Number\":4,\"Kind\":\"Project\"}}]",
            $"[{{\"Number\":4,\"State\":\"Created\",\"Kind\":\"Pr\\u006fject\",\"IsLast\":true,\"Value\":{value}}}]",
            $" [ {{ \"Kind\" : \"Scope\" , \"Value\":{value},\"Number\":4,\"IsLast\":true,\"State\":\"Created\",\"Kind\":\"Project\" }} ] ",
        ])
        {
            SharedBatch.Entry read = Assert.Single(Batches.Read(Scope, json));

            Assert.Equal(expected, read.Change);
            Assert.True(read.IsLast);
            Assert.Equal((3, 4), (((Project)read.Change.Value).Revision, ((Project)read.Change.Value).Number));
        }
    }

    [Fact]
    public void Equal_texts_and_tags_of_records_are_one_object()
    {
        string json = Project("'Description':'text','TemplateId':'template','Tags':[{'TagKey':'k','TagValue':'v'}]");
        Project one = Read(json), other = Read(json);

        Assert.Same(one.Description, other.Description);
        Assert.Same(one.TemplateId, other.TemplateId);
        Assert.Same(one.Tags, other.Tags);
        Assert.Equal(("text", "template"), (one.Description, one.TemplateId));
        Assert.Equal(new Tag("k", "v"), Assert.Single(one.Tags));
    }

    [Fact]
    public void Threads_that_read_at_once_do_not_disturb_each_other()
    {
        string[] texts = [.. Enumerable.Range(0, 8).Select(n => new string((char)('a' + n), 10 + (20 * n)))];
        string[] batches = [.. texts.Select(text => Project($"'Description':'{text}','TemplateId':'{text[..10]}'"))];

        Parallel.For(0, 20_000, i =>
        {
            Project read = Read(batches[i % batches.Length]);
            Assert.Equal(texts[i % texts.Length], read.Description);
            Assert.Equal(texts[i % texts.Length][..10], read.TemplateId);
        });
    }

    private static Project Read(string json) => (Project)Assert.Single(Batches.Read(Scope, json)).Change.Value;

    /// <summary>A batch with the creation of one project. Of a field that is given twice the last one is read.</summary>
    private static string Project(string fields) => Record("Project", fields);

    private static string Record(string kind, string fields) => Quoted(
        $"[{{'Kind':'{kind}','State':'Created','Value':{{'CreateTime':'{Time}','ProjectName':'p',{fields}}},'IsLast':true,'Number':4}}]");

    private static string Change(string field) => Quoted(
        $"[{{'Kind':'Project','State':'Created','Value':{{'CreateTime':'{Time}','ProjectName':'p'}},'Number':4,{field}}}]");

    private static string Quoted(string json) => json.Replace('\'', '"');
}
