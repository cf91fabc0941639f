namespace Imm.Core.Storage;

/// <summary>A folder, link, pipe, socket or device has the name where a file is expected.</summary>
internal sealed class NotRegularFileException(string path)
    : IOException($"'{path}' is no regular file but a folder, link, pipe, socket or device. It was left as it is.");
