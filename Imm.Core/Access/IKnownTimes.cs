namespace Imm.Core.Access;

/// <summary>Condition values of which some are times, known as numbers: a condition on them needs no text.</summary>
internal interface IKnownTimes
{
    /// <summary>Gets the ticks of a time in UTC; false where the value of the key is a text, or there is none.</summary>
    bool TryGetTime(string key, out long utcTicks);
}
