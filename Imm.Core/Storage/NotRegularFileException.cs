namespace Imm.Core.Storage;

/// <summary>A directory, link, pipe, socket or device has a name that is needed for a file.</summary>
internal sealed class NotRegularFileException(string path)
    : StoreFileException(
        ImmUnavailableReason.InvalidPath,
        $"'{path}' is a directory, link, pipe, socket or device, not a regular file. It was left unchanged. Use another path.");
