Console.WriteLine("Imm.Core");
