using System.Reflection;
using System.Reflection.Emit;

namespace Imm.Core.Tests.Conventions;

/// <summary>Which types the compiled code of a type mentions: in its signatures, its fields, its attributes and the bodies of its methods.</summary>
internal static class References
{
    private const BindingFlags All = BindingFlags.DeclaredOnly | BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    private static readonly Dictionary<ushort, OpCode> OpCodeOf = typeof(OpCodes).GetFields()
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => unchecked((ushort)code.Value));

    public static IEnumerable<(string Where, Type Type)> Of(Type type) =>
        Mentions(type).SelectMany(mention => Parts(mention.Type).Select(part => (mention.Where, part)));

    /// <summary>The types of a member that a caller sees.</summary>
    public static IEnumerable<Type> Signature(MemberInfo member) => (member switch
    {
        MethodInfo method => [method.ReturnType, .. method.GetParameters().Select(parameter => parameter.ParameterType)],
        ConstructorInfo constructor => constructor.GetParameters().Select(parameter => parameter.ParameterType),
        PropertyInfo property => [property.PropertyType],
        FieldInfo field => [field.FieldType],
        EventInfo @event => [@event.EventHandlerType!],
        Type type => [type, .. type.GetInterfaces(), .. Parents(type)],
        _ => Enumerable.Empty<Type>(),
    }).SelectMany(Parts);

    private static IEnumerable<Type> Parents(Type type)
    {
        for (Type? parent = type.BaseType; parent is not null; parent = parent.BaseType)
        {
            yield return parent;
        }
    }

    private static IEnumerable<(string Where, Type Type)> Mentions(Type type)
    {
        foreach (Type part in Signature(type).Concat(type.GetCustomAttributesData().Select(attribute => attribute.AttributeType)))
        {
            yield return (type.FullName!, part);
        }

        foreach (MemberInfo member in type.GetMembers(All).Where(member => member is not Type))
        {
            string where = $"{type.FullName}.{member.Name}";
            foreach (Type part in Signature(member).Concat(member.GetCustomAttributesData().Select(attribute => attribute.AttributeType)))
            {
                yield return (where, part);
            }

            if (member is MethodBase method && method.GetMethodBody() is { } body)
            {
                foreach (Type part in InBody(method, body))
                {
                    yield return (where, part);
                }
            }
        }
    }

    private static IEnumerable<Type> InBody(MethodBase method, MethodBody body)
    {
        foreach (LocalVariableInfo local in body.LocalVariables)
        {
            yield return local.LocalType;
        }

        foreach (ExceptionHandlingClause clause in body.ExceptionHandlingClauses.Where(clause => clause.Flags == ExceptionHandlingClauseOptions.Clause))
        {
            yield return clause.CatchType!;
        }

        foreach (int token in Tokens(body.GetILAsByteArray()!))
        {
            MemberInfo member = method.Module.ResolveMember(
                token,
                method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : null,
                method.IsGenericMethod ? method.GetGenericArguments() : null)!;
            foreach (Type part in Signature(member))
            {
                yield return part;
            }

            if (member.DeclaringType is { } declaring)
            {
                yield return declaring;
            }

            foreach (Type argument in member is MethodInfo { IsGenericMethod: true } generic ? generic.GetGenericArguments() : [])
            {
                yield return argument;
            }
        }
    }

    /// <summary>The tokens of types and members in the code of a method.</summary>
    private static List<int> Tokens(byte[] code)
    {
        var tokens = new List<int>();
        for (int at = 0; at < code.Length;)
        {
            ushort value = code[at++];
            if (value == 0xFE)
            {
                value = (ushort)(0xFE00 | code[at++]);
            }

            OperandType operand = OpCodeOf[value].OperandType;
            if (operand is OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType)
            {
                tokens.Add(BitConverter.ToInt32(code, at));
            }

            at += operand switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(code, at)),
                _ => 4,
            };
        }

        return tokens;
    }

    private static IEnumerable<Type> Parts(Type type)
    {
        if (type.HasElementType)
        {
            return Parts(type.GetElementType()!);
        }

        return type.IsGenericParameter ? [] : type.IsConstructedGenericType ? [type.GetGenericTypeDefinition(), .. type.GetGenericArguments().SelectMany(Parts)] : [type];
    }
}
