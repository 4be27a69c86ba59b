using Godwit.Tests.Durable;
using Godwit.Verification;

namespace Godwit.Tests.Verification;

public sealed class MeasuringLockTests
{
    /// <summary>Others may measure beside this test; what holds in any case is that it is held now, and free once nobody measures.</summary>
    [Fact]
    public async Task Take_WhileSomethingIsMeasured_IsSeenByOthersUntilItIsOver()
    {
        using (MeasuringLock.Take())
        {
            Assert.True(MeasuringLock.IsHeld);
            using var second = MeasuringLock.Take();
            Assert.True(MeasuringLock.IsHeld);
        }

        await Eventually.TrueAsync(() => !MeasuringLock.IsHeld, "nothing is measured");
    }
}
