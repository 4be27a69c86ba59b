using Godwit.Playbooks.Build;

namespace Godwit.Tests.Playbooks.Build;

public sealed class TestCountTests
{
    [Theory]
    [InlineData("....\n----------------------------------------------------------------------\nRan 12 tests in 0.003s\n\nOK\n", 12)]
    [InlineData("Ran 0 tests in 0.000s\n\nNO TESTS RAN\n", 0)]
    [InlineData("Ran 3 tests in 0.1s\nOK\nRan 4 tests in 0.1s\nOK\n", 7)]
    [InlineData("============ no tests ran in 0.01s ============\n", 0)]
    [InlineData("===== 3 failed, 41 passed, 2 skipped in 1.20s =====\n", 44)]
    [InlineData("2 passed in 0.01s\n", 2)]
    [InlineData("5 skipped in 0.02s\n", 0)]
    [InlineData("Passed!  - Failed:     0, Passed:    12, Skipped:     1, Total:    13, Duration: 1 s\n", 12)]
    [InlineData("ok 1 - a\nok 2 - b\n1..2\n# tests 2\n# pass 2\n", 2)]
    [InlineData("1..0\n", 0)]
    [InlineData("Tests:       1 failed, 11 passed, 12 total\n", 12)]
    [InlineData("test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured\ntest result: ok. 2 passed; 1 failed; 0 ignored\n", 6)]
    [InlineData("[INFO] Tests run: 5, Failures: 0, Errors: 0, Skipped: 0\n", 5)]
    [InlineData("all is well\n", null)]
    [InlineData("", null)]
    public void In_Output_AsRunnersPrintIt(string output, int? expected) => Assert.Equal(expected, TestCount.In(output));
}
