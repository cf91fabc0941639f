using System.Reflection;
using System.Text.RegularExpressions;
using Imm.Core.Testing;
using Imm.Core.Tests.Conventions;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Imm.Core.Tests.Documents;

/// <summary>The form of the documents, and that what they name exists.</summary>
public sealed partial class DocumentTests
{
    [Fact]
    public void The_README_has_at_most_220_lines() =>
        Assert.InRange(Document.Named("README.md").Text.TrimEnd().Split('\n').Length, 50, 220);

    [Fact]
    public void Lines_of_documents_end_by_column_140() => Assert.Empty(
        from document in Document.All
        from line in Figures().Replace(document.Text, "").Split('\n')
        where line.Length > 140 && !line.StartsWith('|') // A row of a table cannot be broken.
        select $"{document}: {line}");

    [Fact]
    public void Local_links_lead_to_a_file_and_a_heading()
    {
        (Document Document, string Target)[] links =
        [
            .. from document in Document.All
               from Match link in Link().Matches(document.Text)
               where !link.Groups[1].Value.Contains("://", StringComparison.Ordinal)
               select (document, link.Groups[1].Value),
        ];

        Assert.True(links.Length > 10);
        Assert.Empty(links.Where(link => !Leads(link.Document, link.Target)).Select(link => $"{link.Document}: {link.Target}"));
    }

    [Fact]
    public void Paths_that_documents_name_exist()
    {
        (Document Document, string Path)[] paths =
        [
            .. from document in Document.All
               from Match path in RepositoryPath().Matches(document.Text)
               select (document, path.Groups[1].Value),
        ];

        Assert.True(paths.Length > 3);
        Assert.Empty(
            from named in paths
            where !Path.Exists(Repository.File(named.Path))
            select $"{named.Document}: {named.Path}");
    }

    [Fact]
    public void The_readme_of_the_package_has_no_link_that_needs_the_repository()
    {
        Document readme = Document.Named("package.md");

        Assert.Empty(
            from Match link in Link().Matches(readme.Text)
            where !link.Groups[1].Value.StartsWith("https://", StringComparison.Ordinal)
            select link.Value);
    }

    [Fact]
    public void The_tables_of_errors_have_each_code_with_its_status()
    {
        string[] rows =
        [
            .. typeof(ImmErrorCode).GetFields().Where(field => field.IsLiteral).Select(field => (string)field.GetValue(null)!)
                .Select(code => $"\n| `{code}` | {ImmErrorCode.HttpStatus(code)} |"),
        ];

        Assert.True(rows.Length > 5);
        Assert.All(
            ["README.md", "compatibility.md"],
            document => Assert.All(rows, row => Assert.Contains(row, Document.Named(document).Text, StringComparison.Ordinal)));
    }

    [Fact]
    public void The_table_of_log_events_has_each_event_with_its_level()
    {
        string[] rows =
        [
            .. from type in typeof(ImmStore).Assembly.GetTypes()
               from method in type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
               let message = method.GetCustomAttribute<LoggerMessageAttribute>()
               where message is not null
               select $"\n| {message.EventId} `{method.Name}` | {message.Level.ToString().ToLowerInvariant()} |",
        ];

        Assert.True(rows.Length > 5);
        Assert.All(rows, row => Assert.Contains(row, Document.Named("operations.md").Text, StringComparison.Ordinal));
    }

    [Fact]
    public void The_snapshot_that_a_document_shows_is_one()
    {
        string json = Document.Named("testing.md").Blocks.Single(block => block.Language == "json").Text;

        using var fixture = new ImmFixture(ImmSnapshot.FromJson(json));

        Assert.Equal("oss://camera", Assert.Single(fixture.Registry.ListBindings("photos", "raw")).Uri);
    }

    [Fact]
    public void Members_of_fixtures_that_a_document_names_exist()
    {
        string[] members =
        [
            .. typeof(ImmFixture).Assembly.GetExportedTypes().Where(type => type.Namespace == typeof(ImmFixture).Namespace)
                .SelectMany(type => type.GetMembers()).Select(member => member.Name),
            nameof(HttpClient), nameof(Task.Delay),
        ];
        string[] named =
        [
            .. FixtureMember().Matches(Document.Named("testing.md").Text)
                .Select(match => match.Groups[1].Value + match.Groups[2].Value).Distinct(),
        ];

        Assert.True(named.Length > 15);
        Assert.Empty(named.Except(members));
    }

    private static bool Leads(Document from, string target)
    {
        string[] parts = target.Split('#');
        string file = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Repository.File(from.Path))!, parts[0]));
        return parts[0].Length == 0 ? Document.Anchors(from.Text).Contains(parts[1])
            : Path.Exists(file) && (parts.Length == 1 || Document.Anchors(File.ReadAllText(file)).Contains(parts[1]));
    }

    /// <summary>The part of the README that the benchmark program writes.</summary>
    [GeneratedRegex("<!-- figures: .*?<!-- end of figures -->", RegexOptions.Singleline)]
    private static partial Regex Figures();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`((?:Imm\.Core[\w.]*|\.ci|\.github)/[\w./-]*)`")]
    private static partial Regex RepositoryPath();

    [GeneratedRegex(@"`(?:fixture|snapshot|ImmSnapshot|fixture\.\w+)?\.?([A-Z]\w*)\([^`]*\)`|`(?:fixture|fixture\.\w+)?\.([A-Z]\w*)`")]
    private static partial Regex FixtureMember();
}
