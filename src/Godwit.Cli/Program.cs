return await Godwit.Cli.GodwitProgram.RunAsync(args);
