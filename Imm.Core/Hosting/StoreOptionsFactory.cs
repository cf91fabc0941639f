using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Imm.Core.Hosting;

/// <summary>
/// Makes options whose initial values are the services of the container, so that configuration overrides them, also with null. In a host it
/// makes a relative path relative to the content root: the working directory of a service is seldom the directory of its files.
/// </summary>
internal sealed class StoreOptionsFactory(
    IServiceProvider services,
    IEnumerable<IConfigureOptions<ImmStoreOptions>> setups,
    IEnumerable<IPostConfigureOptions<ImmStoreOptions>> postConfigures,
    IEnumerable<IValidateOptions<ImmStoreOptions>> validations)
    : OptionsFactory<ImmStoreOptions>(setups, [.. postConfigures, new PathInContentRoot(services)], validations)
{
    protected override ImmStoreOptions CreateInstance(string name) => new()
    {
        Name = name == Options.DefaultName ? null : name,
        TimeProvider = services.GetService<TimeProvider>() ?? TimeProvider.System,
        LoggerFactory = services.GetService<ILoggerFactory>(),
        MeterFactory = services.GetService<IMeterFactory>(),
        Authorizer = KeyedAuthorizer(name) ?? services.GetService<IImmAuthorizer>(),
    };

    // Not every container has keyed services.
    private IImmAuthorizer? KeyedAuthorizer(string name) => name != Options.DefaultName && services is IKeyedServiceProvider keyed
        ? keyed.GetKeyedService<IImmAuthorizer>(name)
        : null;

    /// <summary>Makes the path absolute. It runs last, so that it applies to a path that a later step of configuration has set.</summary>
    private sealed class PathInContentRoot(IServiceProvider services) : IPostConfigureOptions<ImmStoreOptions>
    {
        public void PostConfigure(string? name, ImmStoreOptions options)
        {
            // The validation refuses a malformed path.
            if (!string.IsNullOrWhiteSpace(options.Path)
                && !options.Path.Contains('\0', StringComparison.Ordinal)
                && services.GetService<IHostEnvironment>()?.ContentRootPath is { } contentRoot
                && Path.IsPathFullyQualified(contentRoot))
            {
                options.Path = Path.GetFullPath(options.Path, contentRoot);
            }
        }
    }
}
