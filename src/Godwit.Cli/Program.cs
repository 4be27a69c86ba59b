Console.WriteLine("godwit 0.1.0");
return 0;
