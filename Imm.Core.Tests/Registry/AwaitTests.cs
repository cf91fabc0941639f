using Imm.Core.Tests.Storage;
using Xunit;

namespace Imm.Core.Tests.Registry;

/// <summary>Tasks of changes, whose memory is used again for later ones.</summary>
public sealed class AwaitTests : IDisposable
{
    private readonly ImmStore _store = new StoreOnDisk(new SimulatedDisk()).Open();

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task Every_caller_of_many_gets_the_answers_and_refusals_of_its_own_changes()
    {
        ProjectRegistry[] registries = [.. Enumerable.Range(0, 4).Select(i => _store.Registry($"a{i}", "r"))];
        foreach (ProjectRegistry registry in registries)
        {
            registry.SetProjectQuota(10_000);
        }

        await Task.WhenAll(Enumerable.Range(0, 24).Select(caller => Task.Run(async () =>
        {
            for (int i = 0; i < 60; i++)
            {
                var request = new CreateProjectRequest { ProjectName = $"c{caller}-{i}", Description = $"{caller} {i}" };
                Project project = await registries[i % registries.Length].CreateAsync(request);
                ImmOutcome<Project> again = await registries[i % registries.Length].TryCreateAsync(request);
                await Assert.ThrowsAsync<ImmException>(
                    async () => await registries[i % registries.Length].UpdateAsync(
                        new() { ProjectName = request.ProjectName, Description = "", ExpectedRevision = 1_000_000 }));

                Assert.Equal((request.ProjectName, request.Description), (project.ProjectName.Value, project.Description));
                Assert.Equal(ImmErrorCode.ResourceAlreadyExists, again.Refusal?.Code);
            }
        })));

        Assert.Equal(24 * 60, registries.Sum(registry => registry.ListAll().Count()));
    }

    [Fact]
    public async Task A_task_is_awaited_once()
    {
        ValueTask<Project> task = _store.Registry("a", "r").CreateAsync(new() { ProjectName = "photos" });

        Assert.Equal("photos", (await task).ProjectName.Value);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await task);
    }
}
