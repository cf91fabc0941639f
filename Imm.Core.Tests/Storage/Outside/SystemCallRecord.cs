using System.Globalization;
using System.Text;

namespace Imm.Core.Tests.Storage.Outside;

/// <summary>One system call of a recorded process.</summary>
/// <param name="Thread">The id of the thread that made it.</param>
/// <param name="Name">Its name.</param>
/// <param name="Arguments">Its arguments as they were written down, strings in hexadecimal.</param>
/// <param name="Result">The result, -1 for an error; null where the process ended before it did.</param>
/// <param name="Error">The name of the error, such as EIO; null without one.</param>
/// <param name="IsInjected">True if the result is not the kernel's.</param>
internal sealed record SystemCall(int Thread, string Name, IReadOnlyList<string> Arguments, long? Result, string? Error, bool IsInjected)
{
    public long Number(int argument)
    {
        string text = Arguments[argument];
        return text == "AT_FDCWD" ? -100 : long.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
    }

    public int Descriptor(int argument = 0) => (int)Number(argument);

    public string Path(int argument) => Encoding.UTF8.GetString(Bytes(argument));

    /// <summary>The bytes of a string, or those of all buffers of a vector.</summary>
    public byte[] Bytes(int argument)
    {
        string text = Arguments[argument];
        var bytes = new byte[text.Length / 4];
        int count = 0;
        for (int at = 0; at < text.Length;)
        {
            if (text[at] == '\\')
            {
                bytes[count++] = byte.Parse(text.AsSpan(at + 2, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                at += 4;
            }
            else
            {
                at++;
            }
        }

        return bytes[..count];
    }
}

/// <summary>A moment of a record: a call begins or ends.</summary>
internal readonly record struct CallStep(SystemCall Call, bool Ends);

/// <summary>Reads what strace writes with -f and -xx. Calls of several threads overlap, and so do their steps here.</summary>
internal static class SystemCallRecord
{
    private const string Unfinished = " <unfinished ...>";
    private const string Resumed = " resumed>";

    /// <summary>The steps in the order in which they happened.</summary>
    /// <exception cref="InvalidDataException">A line is no system call and nothing else that is known.</exception>
    public static IReadOnlyList<CallStep> Read(IEnumerable<string> lines)
    {
        var steps = new List<CallStep>();
        var open = new Dictionary<int, (int Step, string Text)>();
        foreach (string line in lines)
        {
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space < 0 || !int.TryParse(line.AsSpan(0, space), NumberStyles.None, CultureInfo.InvariantCulture, out int thread))
            {
                throw Unknown(line);
            }

            string text = line[space..].TrimStart();
            if (text.StartsWith("+++", StringComparison.Ordinal) || text.StartsWith("---", StringComparison.Ordinal))
            {
                // A thread or the process ends, or a signal arrives. A call that was under way is left without a result.
            }
            else if (text.EndsWith(Unfinished, StringComparison.Ordinal))
            {
                string begun = text[..^Unfinished.Length];
                open[thread] = (steps.Count, begun);
                steps.Add(new CallStep(Parse(thread, begun), Ends: false));
            }
            else if (text.StartsWith("<... ", StringComparison.Ordinal))
            {
                // A wait of the thread that was under way when the recording began has no beginning.
                if (open.Remove(thread, out (int Step, string Text) begun))
                {
                    string rest = text[(text.IndexOf(Resumed, StringComparison.Ordinal) + Resumed.Length)..];
                    SystemCall call = Parse(thread, begun.Text + rest);
                    steps[begun.Step] = new CallStep(call, Ends: false);
                    steps.Add(new CallStep(call, Ends: true));
                }
            }
            else
            {
                SystemCall call = Parse(thread, text);
                steps.Add(new CallStep(call, Ends: false));
                steps.Add(new CallStep(call, Ends: true));
            }
        }

        return steps;
    }

    private static SystemCall Parse(int thread, string text)
    {
        int open = text.IndexOf('(', StringComparison.Ordinal);
        if (open < 0)
        {
            throw Unknown(text);
        }

        // No string holds a parenthesis: they are in hexadecimal.
        int close = text.IndexOf(')', open);
        string[] arguments = Split(text.AsSpan(open + 1, (close < 0 ? text.Length : close) - open - 1));
        int equals = close < 0 ? -1 : text.IndexOf("= ", close, StringComparison.Ordinal);
        if (equals < 0)
        {
            return new SystemCall(thread, text[..open], arguments, null, null, IsInjected: false);
        }

        string[] result = text[(equals + 2)..].Split(' ');
        long? value = result[0] == "?" ? null : long.Parse(result[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return new SystemCall(thread, text[..open], arguments, value, value == -1 ? result[1] : null, result[^1] == "(INJECTED)");
    }

    private static string[] Split(ReadOnlySpan<char> text)
    {
        var arguments = new List<string>();
        int depth = 0;
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            depth += text[i] switch { '[' or '{' => 1, ']' or '}' => -1, _ => 0 };
            if (depth == 0 && text[i] == ',')
            {
                arguments.Add(text[start..i].Trim().ToString());
                start = i + 1;
            }
        }

        arguments.Add(text[start..].Trim().ToString());
        return [.. arguments];
    }

    private static InvalidDataException Unknown(string line) => new($"This is no line of a record of system calls: {line}");
}
