using Imm.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Apps;

/// <summary>The application that the README shows.</summary>
internal static class HostApp
{
    public static async Task RunAsync(string[] args)
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
        builder.Services.Configure<ImmStoreOptions>(builder.Configuration.GetSection("Imm"));
        builder.Services.AddImm();
        builder.Services.AddHostedService<Welcome>();
        await builder.Build().RunAsync();
    }
}

internal sealed class Welcome(ProjectRegistry projects, IHostApplicationLifetime lifetime) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!projects.TryGet("photos", out Project? project))
        {
            project = await projects.CreateAsync(new CreateProjectRequest { ProjectName = "photos" }, stoppingToken);
        }

        Console.WriteLine($"The project {project.ProjectName} was created at {project.CreateTime}.");
        lifetime.StopApplication();
    }
}
