namespace Imm.Core.Tests.Testing;

/// <summary>
/// Code as fixtures are made for: it makes sure that a project is there, and tries again where that may help. It leaves its caller's context, as a
/// library does, so it has gone on to its next wait when a test has moved the clock.
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
                return await registry.CreateAsync(new CreateProjectRequest { ProjectName = projectName }, cancellationToken).ConfigureAwait(false);
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
