using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Imm.Core.Hosting;

/// <summary>Makes options that begin with what the container has, so that whatever is configured, null too, comes after it and counts.</summary>
internal sealed class StoreOptionsFactory(
    IServiceProvider services,
    IEnumerable<IConfigureOptions<ImmStoreOptions>> setups,
    IEnumerable<IPostConfigureOptions<ImmStoreOptions>> postConfigures,
    IEnumerable<IValidateOptions<ImmStoreOptions>> validations)
    : OptionsFactory<ImmStoreOptions>(setups, postConfigures, validations)
{
    protected override ImmStoreOptions CreateInstance(string name) => new()
    {
        Name = name == Options.DefaultName ? null : name,
        TimeProvider = services.GetService<TimeProvider>() ?? TimeProvider.System,
        LoggerFactory = services.GetService<ILoggerFactory>(),
        MeterFactory = services.GetService<IMeterFactory>(),
        Authorizer = Keyed<IImmAuthorizer>(name) ?? services.GetService<IImmAuthorizer>(),
    };

    // Not every container has keyed services.
    private T? Keyed<T>(string name)
        where T : class =>
        name == Options.DefaultName ? null : (services as IKeyedServiceProvider)?.GetKeyedService(typeof(T), name) as T;
}
