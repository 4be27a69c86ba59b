namespace Godwit.Telemetry;

/// <summary>
/// Names of OpenTelemetry's semantic conventions for generative AI (status: development), in one place because they still change:
/// https://opentelemetry.io/docs/specs/semconv/gen-ai/.
/// </summary>
internal static class GenAi
{
    public const string Operation = "gen_ai.operation.name";
    public const string Provider = "gen_ai.provider.name";
    public const string Conversation = "gen_ai.conversation.id";
    public const string AgentName = "gen_ai.agent.name";
    public const string RequestModel = "gen_ai.request.model";
    public const string RequestMaxTokens = "gen_ai.request.max_tokens";
    public const string ResponseModel = "gen_ai.response.model";
    public const string FinishReasons = "gen_ai.response.finish_reasons";
    public const string InputTokens = "gen_ai.usage.input_tokens";
    public const string CachedTokens = "gen_ai.usage.cache_read.input_tokens";
    public const string OutputTokens = "gen_ai.usage.output_tokens";
    public const string InputMessages = "gen_ai.input.messages";
    public const string OutputMessages = "gen_ai.output.messages";
    public const string ToolName = "gen_ai.tool.name";
    public const string ToolType = "gen_ai.tool.type";
    public const string ToolCallId = "gen_ai.tool.call.id";
    public const string TokenType = "gen_ai.token.type";
    public const string ErrorType = "error.type";

    /// <summary>A call of a model.</summary>
    public const string Chat = "chat";

    /// <summary>A call of a tool.</summary>
    public const string ExecuteTool = "execute_tool";

    /// <summary>An agent's work.</summary>
    public const string InvokeAgent = "invoke_agent";

    /// <summary>A run.</summary>
    public const string InvokeWorkflow = "invoke_workflow";

    /// <summary>A histogram of tokens a call, by type.</summary>
    public const string TokenUsage = "gen_ai.client.token.usage";

    /// <summary>A histogram of a call's duration, in seconds.</summary>
    public const string OperationDuration = "gen_ai.client.operation.duration";
}
