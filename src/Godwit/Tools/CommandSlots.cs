namespace Godwit.Tools;

/// <summary>
/// How many commands of agents run at once: those that work beside each other mustn't take the whole machine, and none may run
/// beside a measurement that an agent has asked for.
/// </summary>
/// <param name="count">How many, at least one.</param>
public sealed class CommandSlots(int count) : IDisposable
{
    private readonly SemaphoreSlim _slots = new(count);
    private readonly SemaphoreSlim _alone = new(1);

    /// <summary>Takes one place until it is disposed.</summary>
    public async Task<IDisposable> EnterAsync(CancellationToken cancellation)
    {
        await _slots.WaitAsync(cancellation);
        return new Places(this, 1);
    }

    /// <summary>Takes every place until it is disposed.</summary>
    public async Task<IDisposable> EnterAloneAsync(CancellationToken cancellation)
    {
        // Two that each held a part would wait for each other's rest.
        await _alone.WaitAsync(cancellation);
        var taken = 0;
        try
        {
            for (; taken < count; taken++)
            {
                await _slots.WaitAsync(cancellation);
            }

            return new Places(this, taken);
        }
        catch
        {
            new Places(this, taken).Dispose();
            throw;
        }
        finally
        {
            _alone.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _slots.Dispose();
        _alone.Dispose();
    }

    private sealed class Places(CommandSlots slots, int taken) : IDisposable
    {
        public void Dispose()
        {
            if (taken > 0)
            {
                slots._slots.Release(taken);
                taken = 0;
            }
        }
    }
}
