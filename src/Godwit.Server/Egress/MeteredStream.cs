namespace Godwit.Server;

/// <summary>Counts what goes through a stream; who counts may end it.</summary>
/// <param name="stream">The stream.</param>
/// <param name="count">Is told of bytes that were read, and of bytes before they are written.</param>
internal sealed class MeteredStream(Stream stream, Action<long> count) : AsyncStream
{
    public override bool CanRead => stream.CanRead;

    public override bool CanWrite => stream.CanWrite;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await stream.ReadAsync(buffer, cancellationToken);
        count(read);
        return read;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        count(buffer.Length);
        return stream.WriteAsync(buffer, cancellationToken);
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => stream.FlushAsync(cancellationToken);
}
