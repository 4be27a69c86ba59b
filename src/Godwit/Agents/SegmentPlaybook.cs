using System.Security.Cryptography;
using System.Text.Json;
using Godwit.Durable;
using Godwit.Guardian;
using Godwit.Models;

namespace Godwit.Agents;

/// <summary>What a model step depends on: the conversation that was, and what is new.</summary>
/// <param name="Before">SHA-256 of all that was said before.</param>
/// <param name="New">What is said now.</param>
public sealed record ModelStepInput(string Before, IReadOnlyList<ModelMessage> New);

/// <summary>Some turns of an agent, until it ends or its conversation has to be cut.</summary>
/// <param name="Services">The world.</param>
internal sealed record SegmentPlaybook(AgentServices Services) : Playbook<AgentState, AgentState>("agent/segment")
{
    public override Task<AgentState> RunAsync(IDurableContext context, AgentState input) =>
        new Segment(context, Services, input).RunAsync();

    private sealed class Segment(IDurableContext context, AgentServices services, AgentState input)
    {
        private const int MostTurns = 100;
        private const int MostBroken = 3;
        private const int MostOverflows = 3;
        private const double FullAt = 0.7;
        // Beyond this, what is sent again with each turn costs more than a summary loses, whatever the model could hold.
        private const long MostContext = 128_000;

        private readonly AgentTask _task = input.Task;
        private readonly List<ModelMessage> _messages = [.. input.Messages];
        private readonly LoopDetector _loops = new();
        private readonly ToolRunner _tools = new(context, services, input);
        private AgentState _state = input;
        private string _before = "";
        private int _told;
        private ModelReply? _last;
        private int _known;

        public async Task<AgentState> RunAsync()
        {
            for (var turn = 1; turn <= MostTurns; turn++)
            {
                if (_state.Turn >= _task.Turns)
                {
                    return await EndAsync(AgentEnd.OutOfBudget, $"its {_task.Turns} model calls are used up");
                }

                if (_state.UsedSeconds >= _task.Seconds)
                {
                    return await EndAsync(AgentEnd.OutOfBudget, $"its {_task.Seconds:0} s are used up");
                }

                var (reply, failure) = await AskAsync($"turn/{_state.Turn + 1}", services.Budgets.At(_task.Budget), _messages, AllTools);
                if (failure is { Cause: AgentModel.Overflow })
                {
                    _state = _state with { Overflows = _state.Overflows + 1 };
                    return _state.Overflows < MostOverflows
                        ? await CutAsync()
                        : await EndAsync(AgentEnd.Failed, $"its conversation doesn't fit even when it has been cut: {failure.Message}");
                }

                if (reply is null)
                {
                    return await EndAsync(EndOf(failure!), failure!.Message);
                }

                _state = _state with { Overflows = 0 };
                if (await TakeAsync(reply) is { } end)
                {
                    return end;
                }

                if (
                    reply.Usage.Input + reply.Usage.Output > FullAt * (
                        services.Models.Context(_task.Role) is > 0 and < MostContext and var context ? context : MostContext))
                {
                    return await CutAsync();
                }
            }

            return await CutAsync();
        }

        private IReadOnlyList<ToolSpec> AllTools =>
            [
                .. services.Tools.Select(tool => tool.Spec).Where(tool => _task.Tools?.Contains(tool.Name) ?? true),
                .. _task.MayAsk ? [AgentPrompt.Ask] : Array.Empty<ToolSpec>(),
                .. _task.Depth > 0 ? [AgentPrompt.Spawn] : Array.Empty<ToolSpec>(),
                AgentPrompt.Note,
                services.FormOf(_task)?.Spec ?? AgentPrompt.Submit,
            ];

        /// <summary>Carries a reply out; not null when the agent has ended.</summary>
        private async Task<AgentState?> TakeAsync(ModelReply reply)
        {
            _messages.Add(new ModelMessage(Speaker.Model, reply.Parts.Count == 0 ? [new MessagePart.Text("(nothing)")] : reply.Parts));
            _last = reply;
            _known = _messages.Count;
            var answers = new List<MessagePart>();
            if (reply.Calls.Count > 0 && reply.Stop != StopReason.MaxOutput)
            {
                var done = await _tools.RunAsync($"turn/{_state.Turn}", reply.Calls, _state);
                _state = done.State;
                answers.AddRange(done.Results);
                if (ReviewVerdict.Breaks(_state.Denials))
                {
                    return await EndAsync(AgentEnd.Stopped, "the guardian denied too many of its actions: three in a row, or ten of fifty");
                }

                if (done.Submitted is { } submission)
                {
                    return _state with { Result = await ResultAsync(AgentEnd.Submitted, null, submission) };
                }

                if (_state.ToolCalls >= _task.ToolCalls)
                {
                    return await EndAsync(AgentEnd.OutOfBudget, $"its {_task.ToolCalls} tool calls are used up");
                }
            }
            else
            {
                // A cut-off call isn't carried out: its arguments may be half of what was meant.
                answers.AddRange(
                    reply.Calls.Select(
                        call => new MessagePart.ToolResult(
                            call.Id, "not carried out: the reply was cut off at its cap; send a shorter one", Failed: true)));
                answers.Add(new MessagePart.Text(reply.Stop switch
                {
                    StopReason.MaxOutput => "Your reply was cut off at its cap. Go on in smaller steps.",
                    StopReason.Refusal => "You declined. Say with 'submit' what can't be done and why, or go on with what can.",
                    _ => "There was no tool call. Use a tool, or 'submit' when you are done.",
                }));
            }

            var (nudge, stop) = _loops.Add(reply, [.. answers.OfType<MessagePart.ToolResult>()]);
            if (stop is not null)
            {
                return await EndAsync(AgentEnd.Stopped, $"it {stop}");
            }

            if (nudge is not null)
            {
                answers.Add(new MessagePart.Text(nudge));
            }

            if (_task.HearsWhatIsLeft)
            {
                answers.Add(new MessagePart.Text(AgentPrompt.Left(_state)));
            }

            _messages.Add(new ModelMessage(Speaker.User, answers));
            return null;
        }

        private static AgentEnd EndOf(Failure failure) => failure.Cause switch
        {
            BudgetExceededException.Cause => AgentEnd.OutOfBudget,
            AgentModel.Cancelled => AgentEnd.Cancelled,
            _ => AgentEnd.Failed,
        };

        /// <summary>One reply. A call that broke off has been paid at its worst case, and is asked again as a call of its own.</summary>
        private async Task<(ModelReply? Reply, Failure? Failure)> AskAsync(
            string key, IBudget budget, IReadOnlyList<ModelMessage> messages, IReadOnlyList<ToolSpec> tools)
        {
            Failure? failure = null;
            var (broken, held) = (0, 0.0);
            for (var tries = 1; broken < MostBroken; tries++)
            {
                _state = _state with { Turn = _state.Turn + 1 };

                // What people say is told with the question, and kept with its answer.
                var (said, heard) = ReferenceEquals(messages, _messages) ? services.Steering.SaidTo(_task.Name, _state.Heard) : ([], _state.Heard);
                var request = new ModelRequest
                {
                    Role = _task.Role,
                    Agent = _task.Name,
                    Turn = _state.Turn,
                    System = AgentPrompt.System(_task),
                    Messages = said.Count == 0 ? messages : [.. messages.SkipLast(1), With(messages[^1], said)],
                    Tools = tools,
                    MaxOutput = _task.MaxOutput,
                    KnownModel = _last?.Model,
                    KnownTokens = _last is null ? 0 : _last.Usage.Input + _last.Usage.Output,
                    KnownMessages = _known,
                };
                var fresh = new ModelStepInput(_before, [.. messages.Skip(_told)]);
                try
                {
                    var answer = await context.StepAsync(
                        tries == 1 ? $"{key}/ask" : $"{key}/ask/{tries}", Effect.Paid(services.Models.WorstCase(request), budget), fresh,
                        async (_, attempt, cancellation) =>
                        {
                            if (services.Steering.CancelledBecause(_task.Name) is { } why)
                            {
                                attempt.Settle(Charge.None);
                                throw new StepFaultException(AgentModel.Cancelled, why);
                            }

                            // Said while it was paused, or waited for money.
                            if (services.Steering.SaidTo(_task.Name, heard).Words.Count > 0)
                            {
                                attempt.Settle(Charge.None);
                                throw new StepFaultException(AgentModel.ToldMore, "a person has said more before it was asked");
                            }

                            var asked = await AgentModel.AskAsync(services.Models, request, attempt, cancellation);
                            return asked with { Said = said, Heard = heard, HeldSeconds = held };
                        },
                        _state.Limit(AgentTopic.Reply) with
                        {
                            Hold = async cancellation => held += await services.Steering.WhilePausedAsync(_task.Name, services.Time, cancellation),
                        });
                    if (answer.Said.Count > 0)
                    {
                        _messages[^1] = With(_messages[^1], answer.Said);
                    }

                    _before = Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(fresh)));
                    _told = messages.Count;
                    _state = _state with
                    {
                        Charge = _state.Charge + answer.Charge,
                        StartSeconds = _state.StartSeconds == 0 ? answer.ActiveSeconds : _state.StartSeconds,
                        NowSeconds = answer.ActiveSeconds,
                        WaitedSeconds = _state.WaitedSeconds + (_state.StartSeconds == 0 ? 0 : answer.HeldSeconds),
                        Heard = Math.Max(_state.Heard, answer.Heard),
                        Models = _state.Models.Contains(answer.Reply.Model) ? _state.Models : [.. _state.Models, answer.Reply.Model],
                    };
                    return (answer.Reply, null);
                }
                catch (StepFailedException failed) when (failed.Failure.Cause == AgentModel.OutOfTime)
                {
                    return (
                        null,
                        failed.Failure with
                        {
                            Cause = BudgetExceededException.Cause,
                            Message = $"its {_task.Seconds:0} s are used up while a model was asked",
                        });
                }
                catch (StepFailedException failed) when (failed.Failure.Cause is AgentModel.Broken)
                {
                    failure = failed.Failure;
                    broken++;
                }
                catch (StepFailedException failed) when (failed.Failure.Cause is AgentModel.ToldMore)
                {
                    // Nothing was asked: the same call goes out with the words.
                    _state = _state with { Turn = _state.Turn - 1 };
                }
                catch (StepFailedException failed)
                {
                    return (null, failed.Failure);
                }
            }

            return (null, failure);
        }

        private static ModelMessage With(ModelMessage message, IReadOnlyList<string> said) =>
            message with { Parts = [.. message.Parts, .. said.Select(words => new MessagePart.Text(AgentPrompt.Said(words)))] };

        /// <summary>
        /// Ends the segment with a conversation that is cut to what the model writes down, and all that must not be lost.
        /// </summary>
        private async Task<AgentState> CutAsync()
        {
            var shortened = Shortened();
            _last = null;
            _told = 0;
            var (reply, failure) = await AskAsync(
                "cut", services.Budgets.At(_task.Budget), [.. shortened, ModelMessage.User(AgentPrompt.Compact)], []);
            if (reply is null && failure is not { Cause: AgentModel.Overflow })
            {
                return await EndAsync(EndOf(failure!), failure!.Message);
            }

            var memory = reply?.Words is { Length: > 0 } words ? words : "(nothing)";
            return _state with
            {
                Tree = await _tools.TreeAsync("cut/tree"),
                Messages = [ModelMessage.User(AgentPrompt.Reopening(_state, memory))],
            };
        }

        /// <summary>The conversation with long results cut, so that the question about it fits where it did not.</summary>
        private IReadOnlyList<ModelMessage> Shortened()
        {
            const int Kept = 600;
            return [.. _messages.Select(message => message with
            {
                Parts =
                    [
                        .. message.Parts.Select(
                            part => part is MessagePart.ToolResult { Content.Length: > Kept } result
                                ? result with { Content = result.Content[..Kept] + "\n... (cut)" }
                                : part),
                    ],
            })];
        }

        private async Task<AgentState> EndAsync(AgentEnd end, string reason) =>
            _state with { Result = await ResultAsync(end, reason, null) };

        private async Task<AgentResult> ResultAsync(AgentEnd end, string? reason, Submission? submission) => new()
        {
            End = end,
            Reason = reason,
            Summary = submission?.Summary ?? _last?.Words ?? "",
            Checks = submission?.Checks ?? [],
            Form = submission?.Form,
            Start = _task.Start,
            Parent = _task.Parent,
            Tree = await _tools.EndAsync("end/tree", TimeSpan.FromSeconds(_state.UsedSeconds)),
            Turns = _state.Turn,
            ToolCalls = _state.ToolCalls,
            Agents = _state.Agents,
            WaitedSeconds = _state.WaitedSeconds,
            Changed = _state.Changed,
            Charge = _state.Charge,
            Models = _state.Models,
        };
    }
}
