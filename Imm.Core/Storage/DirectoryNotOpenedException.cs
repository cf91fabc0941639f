namespace Imm.Core.Storage;

/// <summary>
/// A directory could not be opened to flush the names in it, for want of a handle or of a right. Nothing was flushed, and the call can be
/// repeated.
/// </summary>
internal sealed class DirectoryNotOpenedException(Exception cause) : StoreFileException(ReasonOf(cause), cause.Message, cause);
