using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Imm.Core.Tests.Shared;

/// <summary>The moment of a commit at which the proxy cuts its connection.</summary>
internal enum Cut
{
    None,

    /// <summary>The server never gets the commit.</summary>
    Before,

    /// <summary>The server gets the commit, and may make it.</summary>
    During,

    /// <summary>The server has made the commit, and its answer is lost.</summary>
    After,

    /// <summary>The client loses its connection first, and the server gets the commit when a later one has been answered.</summary>
    Late,
}

/// <summary>
/// A proxy before a PostgreSQL server that reads enough of the protocol to know a commit: the statement that stores a batch, or COMMIT.
/// </summary>
/// <param name="port">The port of the server.</param>
/// <param name="next">Decides on each commit. Called by one thread at a time.</param>
internal sealed class CuttingProxy(int port, Func<Cut> next) : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Link, bool> _links = new();
    private readonly ConcurrentQueue<Link> _late = new();
    private readonly Lock _gate = new();
    private readonly int[] _cuts = new int[Enum.GetValues<Cut>().Length];
    private long _roundTrips;

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The number of requests that a client sent and then waited for.</summary>
    public long RoundTrips => Interlocked.Read(ref _roundTrips);

    /// <summary>The number of commits that were met so.</summary>
    public int Count(Cut cut) => Volatile.Read(ref _cuts[(int)cut]);

    public CuttingProxy Start()
    {
        _listener.Start();
        _ = AcceptAsync();
        return this;
    }

    public void Dispose()
    {
        _listener.Stop();
        foreach (Link link in _links.Keys)
        {
            link.Close();
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                Socket client = await _listener.AcceptSocketAsync();
                var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                client.NoDelay = true;
                var link = new Link(this, client, server);
                _links.TryAdd(link, true);
                _ = link.RunAsync(port);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private Cut Decide()
    {
        lock (_gate)
        {
            Cut cut = next();
            _cuts[(int)cut]++;
            return cut;
        }
    }

    /// <summary>Delivers the commits that were held back.</summary>
    /// <param name="inTransactions">True for only those whose transactions hold locks, which others may wait for.</param>
    private void DeliverLate(bool inTransactions)
    {
        for (int i = _late.Count; i > 0 && _late.TryDequeue(out Link? link); i--)
        {
            if (!inTransactions || link.IsInTransaction)
            {
                link.Deliver();
            }
            else
            {
                _late.Enqueue(link);
            }
        }
    }

    private sealed class Link(CuttingProxy proxy, Socket client, Socket server)
    {
        private readonly HashSet<string> _commits = [];
        private readonly List<byte> _request = [];
        private byte[] _held = [];
        private Cut _cut;
        private bool _isCommit;
        private bool _begun;

        /// <summary>True if the server has a transaction open on this connection.</summary>
        public bool IsInTransaction { get; private set; }

        public async Task RunAsync(int port)
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, port);
                await Task.WhenAny(Requests(), Answers());
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
            {
            }

            if (_cut != Cut.Late)
            {
                Close();
            }
        }

        public void Deliver()
        {
            try
            {
                server.Send(_held);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                Close();
            }
        }

        public void Close()
        {
            client.Close(0);
            server.Close(0);
            proxy._links.TryRemove(this, out _);
        }

        /// <summary>Collects messages up to one after which the client waits, and passes them on together.</summary>
        private async Task Requests()
        {
            while (true)
            {
                (byte type, byte[] message) = await ReadAsync(client, hasType: _begun);
                _request.AddRange(message);
                if (_begun)
                {
                    Note(type, message);
                }

                _begun = true;
                if (type is (byte)'P' or (byte)'B' or (byte)'D' or (byte)'E' or (byte)'C')
                {
                    continue;
                }

                byte[] request = [.. _request];
                _request.Clear();
                Interlocked.Increment(ref proxy._roundTrips);
                bool isCommit = _isCommit;
                _isCommit = false;
                Cut cut = isCommit ? proxy.Decide() : Cut.None;
                _cut = cut;
                switch (cut)
                {
                    case Cut.Before:
                        return;
                    case Cut.During:
                        await server.SendAsync(request);
                        return;
                    case Cut.Late:
                        _held = request;
                        client.Close(0);
                        proxy._late.Enqueue(this);
                        return;
                    default:
                        await server.SendAsync(request);
                        proxy.DeliverLate(inTransactions: true);
                        break;
                }
            }
        }

        private async Task Answers()
        {
            while (true)
            {
                (byte type, byte[] message) = await ReadAsync(server, hasType: true);
                if (_cut == Cut.After)
                {
                    if (type == (byte)'Z')
                    {
                        return;
                    }

                    continue;
                }

                if (_cut == Cut.Late)
                {
                    if (type == (byte)'Z')
                    {
                        Close();
                        return;
                    }

                    continue;
                }

                IsInTransaction = type == (byte)'Z' ? message[5] == (byte)'T' : IsInTransaction;
                await client.SendAsync(message);
                if (type == (byte)'Z' && _commits.Count > 0)
                {
                    proxy.DeliverLate(inTransactions: false);
                }
            }
        }

        private void Note(byte type, byte[] message)
        {
            string text = Encoding.UTF8.GetString(message, 5, message.Length - 5);
            switch ((char)type)
            {
                case 'Q':
                    _isCommit |= text.StartsWith("COMMIT", StringComparison.OrdinalIgnoreCase);
                    break;
                case 'P':
                    string[] parts = text.Split('\0');
                    bool commits = (parts[1].Contains("INSERT INTO", StringComparison.Ordinal)
                        && parts[1].Contains("imm_batch", StringComparison.Ordinal)) || parts[1] == "COMMIT";
                    _ = commits ? _commits.Add(parts[0]) : _commits.Remove(parts[0]);
                    break;
                case 'B':
                    _isCommit |= _commits.Contains(text.Split('\0')[1]);
                    break;
                default:
                    break;
            }
        }

        private static async Task<(byte Type, byte[] Message)> ReadAsync(Socket socket, bool hasType)
        {
            int head = hasType ? 5 : 4;
            byte[] message = new byte[head];
            await FillAsync(socket, message);
            int length = BinaryPrimitives.ReadInt32BigEndian(message.AsSpan(head - 4)) + (head - 4);
            Array.Resize(ref message, length);
            await FillAsync(socket, message.AsMemory(head));
            return (hasType ? message[0] : (byte)0, message);
        }

        private static async Task FillAsync(Socket socket, Memory<byte> buffer)
        {
            while (buffer.Length > 0)
            {
                int read = await socket.ReceiveAsync(buffer);
                buffer = read > 0 ? buffer[read..] : throw new IOException("The connection has ended.");
            }
        }
    }
}
