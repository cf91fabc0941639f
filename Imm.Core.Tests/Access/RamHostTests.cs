using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;
using Xunit;

namespace Imm.Core.Tests.Access;

/// <summary>Policies from configuration and files, in a container and in a host.</summary>
public sealed class RamHostTests : IDisposable
{
    private const string NoDelete =
        """{ "Version": "1", "Statement": [{ "Effect": "Deny", "Action": "imm:Delete*", "Resource": "*" }] }""";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory();

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task A_store_takes_its_policies_from_configuration_and_files()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory.FullName, "no-delete.json"), NoDelete);
        using IHost host = Host(
            ("Ram:Mode", "strict"),
            ("Ram:AccountId", "42"),
            ("Ram:Policies:no-delete", "no-delete.json"),
            ("Ram:Policies:only-p", RamPolicyTests.Statement(""" "Effect":"Allow","Action":"imm:*","Resource":"acs:imm:*:*:project/p" """)),
            ("Ram:Users:alice:0", "AliyunIMMFullAccess"),
            ("Ram:Roles:builder:0", "only-p"),
            ("Ram:Groups:team:0", "no-delete"),
            ("Ram:Members:team:0", "alice"),
            ("Ram:ControlPolicies:0", "AdministratorAccess"));
        await host.StartAsync();
        ImmStore store = host.Services.GetRequiredService<ImmStore>();
        ProjectRegistry alice = store.Registry("42", "cn-hangzhou", RamPrincipal.User("42", "alice"));
        ProjectRegistry builder = store.Registry("42", "cn-hangzhou", RamPrincipal.RoleSession("42", "builder", "ci"));

        alice.Create(new() { ProjectName = "p" });
        Assert.Equal(ImmErrorCode.NoPermission, Assert.Throws<ImmException>(() => alice.Delete("p")).Code);
        Assert.Equal(ImmErrorCode.NoPermission, Assert.Throws<ImmException>(() => builder.Create(new() { ProjectName = "q" })).Code);
        builder.Delete("p");
        Assert.Equal(AuthorizationMode.Strict, store.Status.Authorization);
        Assert.Same(host.Services.GetRequiredService<RamAuthorizer>(), host.Services.GetRequiredService<IImmAuthorizer>());

        host.Services.GetRequiredService<RamAuthorizer>().Replace(RamAccess.Empty);
        Assert.Equal(ImmErrorCode.NoPermission, Assert.Throws<ImmException>(() => alice.Get("p")).Code);
    }

    [Theory]
    [InlineData("Ram:Mode", "strikt", "Mode")]
    [InlineData("Ram:Mode", "7", "Mode")]
    [InlineData("Ram:AccountId", "a:b", "AccountId: is 'a:b'. ")]
    [InlineData("Ram:Policies:bad", "{}", "$: the element Version is missing")]
    [InlineData("Ram:Policies:bad", "none.json", "Policies:bad")]
    [InlineData("Ram:Policies:bad", "", "Policies:bad: is empty; it must be a JSON document or the path of a file")]
    [InlineData("Ram:Policies:bad", " \n", "Policies:bad: is empty; it must be a JSON document or the path of a file")]
    [InlineData("Ram:Users:alice:0", "none", "no system policy \"none\"")]
    [InlineData("Ram:Users:a/b:0", "AdministratorAccess", "Users:a/b")]
    [InlineData("Ram:ControlPolicies:0", "none", "ControlPolicies")]
    [InlineData("Ram:Members:tema:0", "alice", "Members:tema: There is no such group in Groups.")]
    [InlineData("Ram:Modus", "Strict", "Ram:Modus: there is no such key. The keys are Mode, AccountId, ")]
    [InlineData("Ram:User:alice:0", "AdministratorAccess", "Ram:User: there is no such key.")]
    [InlineData("Ram:Policy:p", "{}", "Ram:Policy: there is no such key.")]
    [InlineData("Ram:Users:alice:Policies:0", "AdministratorAccess", "Ram:Users:alice:Policies: is a section or a list")]
    [InlineData("Ram:Users:alice", "AdministratorAccess", "Ram:Users:alice: is 'AdministratorAccess'; it must be a list of texts.")]
    [InlineData("Ram:Policies:p:Version", "1", "Ram:Policies:p: is a section or a list; it must be one value.")]
    [InlineData("Ram:Groups", "team", "Ram:Groups: is 'team'; it must be a section of names.")]
    [InlineData("Ram:UsesTags", "on", "Ram:UsesTags: is 'on'; it must be true or false.")]
    [InlineData("Rma:Mode", "Strict", "Ram: is missing or empty; give at least the Mode.")]
    public async Task A_mistake_stops_the_start(string key, string value, string message)
    {
        using IHost host = Host((key, value));

        Exception e = await Assert.ThrowsAnyAsync<Exception>(() => host.StartAsync());

        Assert.True(e is OptionsValidationException or InvalidOperationException, e.ToString());
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Warnings_of_configured_policies_are_logged_when_the_host_starts()
    {
        const string Misspelt = """{ "Version": "1", "Statement": [{ "Effect": "Allow", "Action": "imm:GetProjet", "Resource": "*" }] }""";
        using IHost host = Host(
            ("Ram:Mode", "Strict"), ("Ram:Policies:good", NoDelete), ("Ram:Policies:misspelt", Misspelt), ("Ram:Users:a:0", "misspelt"));

        await host.StartAsync();

        FakeLogRecord log = Assert.Single(
            host.Services.GetFakeLogCollector().GetSnapshot(), log => log.Level >= LogLevel.Warning);
        Assert.Equal((18, "PolicyWarning", LogLevel.Warning), (log.Id.Id, log.Id.Name, log.Level));
        Assert.Equal("Imm.Core.ImmStore", log.Category);
        Assert.Equal("misspelt", log.GetStructuredStateValue("Policy"));
        Assert.Equal(RamPolicy.Parse(Misspelt).Warnings.Single(), log.GetStructuredStateValue("Warning"));
    }

    [Fact]
    public void A_logger_that_throws_does_not_stop_the_start_for_a_warning()
    {
        using ServiceProvider services = new ServiceCollection()
            .AddSingleton<ILoggerFactory, ThrowingLoggers>()
            .AddImm(options => (options.InMemory, options.LoggerFactory) = (true, null))
            .AddImmRam(options => options.Policies["p"] = NoDelete.Replace("imm:", "im:", StringComparison.Ordinal))
            .BuildServiceProvider();

        Assert.NotNull(services.GetRequiredService<ImmStore>());
    }

    [Fact]
    public void A_policy_file_that_cannot_be_read_any_more_after_the_validation_stops_the_start()
    {
        string path = Path.Combine(_directory.FullName, "no-delete.json");
        File.WriteAllText(path, NoDelete);
        using ServiceProvider services = new ServiceCollection()
            .AddImm(options => options.InMemory = true)
            .AddImmRam(options =>
            {
                options.Mode = AuthorizationMode.Strict;
                options.Policies["no-delete"] = path;
                options.ControlPolicies.Add("no-delete");
            })
            .AddSingleton<IValidateOptions<ImmRamOptions>>(new Deletion(path))
            .BuildServiceProvider();

        Assert.Contains(
            "Policies:no-delete",
            Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<ImmStore>()).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Names_every_option_that_is_wrong()
    {
        using ServiceProvider services = new ServiceCollection()
            .AddImm(options => options.InMemory = true)
            .AddImmRam(options =>
            {
                options.Mode = (AuthorizationMode)3;
                options.Policies = null!;
                options.Users = null!;
                options.Roles["r"] = null!;
                options.Groups["g"] = ["none"];
                options.Groups["n"] = [null!];
                options.Members["g"] = null!;
                options.Members["n"] = [null!];
                options.ControlPolicies = null!;
            })
            .BuildServiceProvider();

        IEnumerable<string> failures =
            Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<ImmStore>()).Failures;

        Assert.Equal(
            [
                "Property Mode: is 3; it must be Off, Soft or Strict.",
                "Property Policies: is null. Leave it empty instead.",
                "Property Users: is null. Leave it empty instead.",
                "Property Roles:r: is null or holds null; give names, or none.",
                "Property Groups:g: There is no system policy \"none\"; there are AdministratorAccess, AliyunIMMFullAccess, "
                + "AliyunIMMReadOnlyAccess. (Parameter 'name')",
                "Property Groups:n: is null or holds null; give names, or none.",
                "Property Members:g: is null or holds null; give names, or none.",
                "Property Members:n: is null or holds null; give names, or none.",
                "Property ControlPolicies: is null or holds null; give names, or none.",
            ],
            failures);
    }

    [Fact]
    public void Without_configuration_the_mode_is_off()
    {
        using ServiceProvider services = new ServiceCollection()
            .AddImm(options => options.InMemory = true)
            .AddImmRam()
            .BuildServiceProvider();

        Assert.Equal(AuthorizationMode.Off, services.GetRequiredService<ImmStore>().Status.Authorization);
    }

    [Fact]
    public void A_program_may_set_the_options_and_the_keys()
    {
        using ServiceProvider services = new ServiceCollection()
            .AddImm(options => options.InMemory = true)
            .AddImmRam(options =>
            {
                options.Mode = AuthorizationMode.Soft;
                options.Policies["no-delete"] = NoDelete;
                options.Users["alice"] = ["no-delete"];
            })
            .Configure<ImmApiOptions>(options => options.Credentials = _ => null)
            .BuildServiceProvider();

        Assert.Equal(AuthorizationMode.Soft, services.GetRequiredService<ImmStore>().Status.Authorization);
        Assert.True(services.GetRequiredService<ImmApi>().VerifiesSignatures);
    }

    private IHost Host(params (string Key, string Value)[] configuration)
    {
        HostApplicationBuilder builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder(
            new HostApplicationBuilderSettings { ContentRootPath = _directory.FullName, DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection(configuration.Select(one => KeyValuePair.Create(one.Key, (string?)one.Value)));
        builder.Services.AddLogging(logging => logging.AddFakeLogging());
        builder.Services.AddImm(options => options.InMemory = true).AddImmRam(builder.Configuration.GetSection("Ram"));
        return builder.Build();
    }

    private sealed class ThrowingLoggers : ILoggerFactory
    {
        public void AddProvider(ILoggerProvider provider)
        {
        }

        public ILogger CreateLogger(string categoryName) => throw new InvalidOperationException("no logger");

        public void Dispose()
        {
        }
    }

    /// <summary>A validation that is carried out last, and deletes a file.</summary>
    private sealed class Deletion(string path) : IValidateOptions<ImmRamOptions>
    {
        public ValidateOptionsResult Validate(string? name, ImmRamOptions options)
        {
            File.Delete(path);
            return ValidateOptionsResult.Success;
        }
    }
}
