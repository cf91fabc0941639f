namespace Imm.Core.Tests.Testing;

/// <summary>
/// A sample of code under test: ensures that a project exists, and retries where that may help. Like a library it does not resume in the
/// context of its caller, so it has reached its next wait when a test has moved the clock.
/// </summary>
internal sealed class Provisioner(ProjectRegistry registry, TimeProvider clock)
{
    private const int Attempts = 4;

    public async Task<Project> EnsureAsync(string projectName, CancellationToken cancellationToken = default)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await registry.CreateAsync(
                    new CreateProjectRequest { ProjectName = projectName }, cancellationToken).ConfigureAwait(false);
            }
            catch (ImmException e) when (e.Code == ImmErrorCode.ResourceAlreadyExists)
            {
                return registry.Get(projectName);
            }
            catch (ImmException e) when (e.Code is ImmErrorCode.ThrottlingUser or ImmErrorCode.ServiceUnavailable && attempt < Attempts)
            {
                await Task.Delay(TimeSpan.FromSeconds(attempt), clock, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
