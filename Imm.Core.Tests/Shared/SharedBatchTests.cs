using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Imm.Core.Model;
using Imm.Core.Shared;
using Xunit;

namespace Imm.Core.Tests.Shared;

/// <summary>The log of a shared store, without a server: what another process makes of it is what was decided.</summary>
public sealed class SharedBatchTests
{
    private static readonly ServiceDefaults Defaults = new(1000, 7, 9);
    private static readonly Scope Scope = new("account", "region");

    [Fact]
    public void Batches_of_random_commands_bring_another_state_to_the_decided_one()
    {
        var random = new Random(18);
        var batches = new SharedBatch(Defaults);
        ScopeState decided = ScopeState.Empty(Scope, Defaults), other = decided;
        long applied = 0, deletions = 0;
        var expected = new List<(long, string, ChangeState)>();
        var reported = new List<PublishedChange>();
        for (int batch = 0; batch < 400; batch++)
        {
            var changes = new List<Change>();
            for (int i = random.Next(1, 12); i > 0; i--)
            {
                Step(random, ref decided, changes, now: 10_000_000L * batch);
            }

            expected.AddRange(from change in changes
                              where change.Kind == ChangeKind.Project
                              let project = (Project)change.Value
                              select (project.Revision, project.ProjectName.Value, change.State));
            deletions += changes.Count(static change => change.State == ChangeState.Deleted);
            other = SharedBatch.Apply(other, batches.Read(Scope, Write(changes)), decided.Revision, reported);
            applied += changes.Count;
            Assert.Equal(Shown(decided), Shown(other));
        }

        Assert.True(applied > 1000 && deletions > 100, $"{applied} changes, {deletions} deletions");
        Assert.Equal(expected, reported.Select(static it => (it.Project.Revision, it.Project.ProjectName.Value, it.State)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("中文 \U0001F600 \"\\ \u0001")]
    [InlineData("\0")]
    [InlineData("\uE000\0\uE0000\uE000e\uE000")]
    public void Every_text_comes_back_from_a_record_and_no_record_holds_a_null_character(string text)
    {
        CreateProject.Parse(
            new CreateProjectRequest
            {
                ProjectName = "p",
                Description = text,
                DatasetMaxFileCount = 3,
                Tag = [new Tag("k", text.Replace('\0', ' '))],
            },
            out CreateProject? command);
        Change change = command!.Decide(ScopeState.Empty(Scope, Defaults), 1_234_567_891, null).Changes[0];
        string json = Write([change]);

        List<SharedBatch.Entry> read = new SharedBatch(Defaults).Read(Scope, json);

        Assert.DoesNotContain("\\u0000", json, StringComparison.Ordinal);
        var project = Assert.IsType<Project>(Assert.Single(read).Change.Value);
        Assert.Equal((Project)change.Value, project);
        Assert.Equal(((Project)change.Value).Revision, project.Revision);
        Assert.Equal(change.Number, project.Number);
    }

    [Fact]
    public void The_effects_of_a_batch_are_those_of_the_last_changes_of_its_records()
    {
        ScopeState state = ScopeState.Empty(Scope, Defaults);
        Assert.Equal(SharedEffects.None, Effects(Create("a"), Create("b")));
        Assert.Equal(SharedEffects.Updates, Effects(Create("c"), Update("c")));
        Assert.Equal(SharedEffects.Updates, Effects(Update("a")));
        Assert.Equal(SharedEffects.Deletes, Effects(Create("d"), Delete("c")));
        Assert.Equal(SharedEffects.Deletes, Effects(Create("e"), Update("e"), Delete("e")));
        Assert.Equal(SharedEffects.Updates | SharedEffects.Deletes, Effects(Update("b"), Delete("a")));
        Assert.Equal(SharedEffects.None, Effects([new Change(ChangeKind.Scope, 0, state)]));

        SharedEffects Effects(params Change[][] changes)
        {
            using var json = new Utf8JsonWriter(new ArrayBufferWriter<byte>(), SharedRecords.WriterOptions);
            return SharedBatch.Write(json, [.. changes.SelectMany(static some => some)]);
        }

        Change[] Create(string name)
        {
            CreateProject.Parse(new() { ProjectName = name }, out CreateProject? command);
            return Of(command!);
        }

        Change[] Update(string name)
        {
            UpdateProject.Parse(new() { ProjectName = name, TemplateId = "t" }, out UpdateProject? command);
            return Of(command!);
        }

        Change[] Delete(string name) => Of(new DeleteProject(name, default));

        Change[] Of<T>(Command<T> command)
        {
            var changes = new List<Change>();
            Decide(command, ref state, changes, now: 1);
            return [.. changes];
        }
    }

    [Theory]
    [InlineData("40001", true, false)]
    [InlineData("40P01", true, false)]
    [InlineData("57P01", true, true)]
    [InlineData("57P03", true, true)]
    [InlineData("08006", true, true)]
    [InlineData("08007", true, true)]
    [InlineData("40003", true, true)]
    [InlineData("25006", true, false)]
    [InlineData("53300", true, false)]
    [InlineData("23505", false, false)]
    [InlineData("42501", false, false)]
    public void The_state_of_an_error_says_if_it_passes_and_if_the_outcome_is_in_doubt(string state, bool isTransient, bool isInDoubt)
    {
        var e = new StateException(state);

        Assert.Equal(isTransient, DatabaseException.IsTransient(e));
        Assert.Equal(isInDoubt, DatabaseException.IsInDoubt(e));
    }

    [Fact]
    public void A_lost_connection_passes_and_leaves_the_outcome_in_doubt()
    {
        Assert.All<Exception>([new IOException(), new TimeoutException(), new System.Net.Sockets.SocketException()], static e =>
        {
            Assert.True(DatabaseException.IsTransient(e));
            Assert.True(DatabaseException.IsInDoubt(e));
        });
    }

    [Fact]
    public void The_key_of_a_scope_never_changes_and_differs_from_that_of_others()
    {
        Assert.Equal(SharedKey.Of(Scope), SharedKey.Of(new Scope("account", "region")));
        Scope[] others = [new Scope("accoun", "tregion"), new Scope("region", "account")];
        Assert.DoesNotContain(SharedKey.Of(Scope), others.Select(SharedKey.Of));
    }

    private static void Step(Random random, ref ScopeState state, List<Change> changes, long now)
    {
        (string project, string dataset) = ($"p{random.Next(6)}", $"d{random.Next(3)}");
        (string uri, string bucket) = ($"oss://b{random.Next(3)}", $"b{random.Next(4)}");
        switch (random.Next(10))
        {
            case 0 or 1:
                CreateProject.Parse(new() { ProjectName = project, Description = "d" }, out CreateProject? create);
                Decide(create!, ref state, changes, now);
                break;
            case 2:
                UpdateProject.Parse(new() { ProjectName = project, TemplateId = "t" }, out UpdateProject? update);
                Decide(update!, ref state, changes, now);
                break;
            case 3:
                Decide(new DeleteProject(project, default), ref state, changes, now);
                break;
            case 4:
                CreateDataset.Parse(new() { ProjectName = project, DatasetName = dataset }, out CreateDataset? add);
                Decide(add!, ref state, changes, now);
                break;
            case 5:
                Decide(new DeleteDataset(project, dataset, default), ref state, changes, now);
                break;
            case 6:
                Decide(new CreateBinding(project, dataset, uri), ref state, changes, now);
                break;
            case 7:
                Decide(new DeleteBinding(project, dataset, uri), ref state, changes, now);
                break;
            case 8:
                AttachOssBucket.Parse(new() { ProjectName = project, OssBucket = bucket }, out AttachOssBucket? attach);
                Decide(attach!, ref state, changes, now);
                break;
            default:
                if (random.Next(4) == 0)
                {
                    Decide(new SetProjectQuota(random.Next(5, 1000)), ref state, changes, now);
                }
                else
                {
                    Decide(new DetachOssBucket(bucket), ref state, changes, now);
                }

                break;
        }
    }

    private static void Decide<T>(Command<T> command, ref ScopeState state, List<Change> changes, long now)
    {
        Decision<T> decision = command.Decide(state, now, null);
        state = decision.Next ?? state;
        changes.AddRange(decision.Changes);
    }

    private static string Write(List<Change> changes)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, SharedRecords.WriterOptions))
        {
            SharedBatch.Write(json, changes);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static string Shown(ScopeState state)
    {
        var text = new StringBuilder();
        text.AppendLine(
            CultureInfo.InvariantCulture, $"{state.Revision} {state.OwnProjectQuota} {state.ProjectCount} {state.DatasetCount}");
        foreach (Project project in state.Projects.After(null))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{Registry.Shown.Of(project)} {project.Number} {project.Revision}");
            foreach (DatasetEntry dataset in project.Datasets.After(null))
            {
                text.AppendLine(
                    CultureInfo.InvariantCulture, $" {Registry.Shown.Of(dataset.Dataset)} {dataset.Number} {dataset.Dataset.Revision}");
                text.AppendJoin(' ', dataset.Bindings.Select(static binding => Registry.Shown.Of(binding))).AppendLine();
            }

            foreach (OssBucketAttachment attachment in project.Attachments.After(null))
            {
                text.AppendLine(
                    CultureInfo.InvariantCulture,
                    $" {attachment.OssBucket} {attachment.Number} {attachment.CreateTicks} {attachment.OwnerId}");
            }
        }

        return text.ToString();
    }

    private sealed class StateException(string state) : System.Data.Common.DbException
    {
        public override string SqlState => state;
    }
}
