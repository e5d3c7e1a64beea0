namespace Pipeline.Sources.Unctad.SevenZip;

/// <summary>
/// The LZMA algorithm: a range coder whose every bit is predicted from what came before, giving literals and references
/// back into the window.
/// </summary>
/// <remarks>Written after the public specification (lzma-specification.txt of the LZMA SDK).</remarks>
internal sealed class LzmaDecoder(LzmaInput input, LzmaWindow window)
{
    private const int StateCount = 12;
    private const int FirstMatchState = 7;
    private const int PosStatesMax = 16;
    private const int LenToPosStates = 4;
    private const int EndPosModel = 14;
    private const int FullDistances = 1 << (EndPosModel / 2);
    private const int MatchMin = 2;
    private const uint TopValue = 1 << 24;
    private const int ModelBits = 11;
    private const int MoveBits = 5;
    private const ushort Half = 1 << (ModelBits - 1);
    private const uint EndMarker = uint.MaxValue;

    private readonly ushort[] isMatch = new ushort[StateCount * PosStatesMax];
    private readonly ushort[] isRep = new ushort[StateCount];
    private readonly ushort[] isRep0 = new ushort[StateCount];
    private readonly ushort[] isRep1 = new ushort[StateCount];
    private readonly ushort[] isRep2 = new ushort[StateCount];
    private readonly ushort[] isRep0Long = new ushort[StateCount * PosStatesMax];
    private readonly ushort[] posSlot = new ushort[LenToPosStates * 64];
    private readonly ushort[] posSpecial = new ushort[1 + FullDistances - EndPosModel];
    private readonly ushort[] posAlign = new ushort[16];
    private readonly LengthModel matchLength = new();
    private readonly LengthModel repLength = new();
    private ushort[] literal = [];
    private LzmaModel model;
    private uint range,
        code;
    private uint rep0,
        rep1,
        rep2,
        rep3;
    private int state;
    private int pending;
    private long position;

    /// <summary>True once the end marker was read.</summary>
    public bool Ended { get; private set; }

    /// <summary>Whether a reference is still being copied.</summary>
    public bool IsCopying => pending > 0;

    /// <summary>Whether the range coder stands where a well-formed stretch ends.</summary>
    public bool IsAtRest => code == 0;

    /// <summary>Sets the three numbers of the model and forgets all predictions.</summary>
    public void ResetState(LzmaModel to)
    {
        model = to;
        var literals = 0x300 << (to.Lc + to.Lp);
        if (literal.Length != literals)
            literal = new ushort[literals];
        ResetState();
    }

    /// <summary>Forgets all predictions.</summary>
    public void ResetState()
    {
        foreach (
            var probabilities in (ushort[][])
                [isMatch, isRep, isRep0, isRep1, isRep2, isRep0Long, posSlot, posSpecial, posAlign, literal]
        )
        {
            Array.Fill(probabilities, Half);
        }

        matchLength.Reset();
        repLength.Reset();
        state = 0;
        rep0 = rep1 = rep2 = rep3 = 0;
        pending = 0;
    }

    /// <summary>Positions count from here.</summary>
    public void ResetPosition() => position = 0;

    /// <summary>Bytes came into the window without being unpacked.</summary>
    public void Advance(int count) => position += count;

    /// <summary>Reads the five bytes that start a stretch of range-coded bits.</summary>
    public void StartRange()
    {
        var first = input.Byte();
        if (first != 0)
            throw input.Broken($"{first:X2} at the start of LZMA data", "00");
        range = uint.MaxValue;
        code = 0;
        for (var index = 0; index < 4; index++)
            code = code << 8 | input.Byte();
        if (code == range)
            throw input.Broken("FFFFFFFF at the start of LZMA data", "a smaller number");
    }

    /// <summary>Unpacks until the buffer is full or the end marker comes.</summary>
    /// <returns>How many bytes were unpacked.</returns>
    public int Read(Span<byte> buffer)
    {
        var count = 0;
        while (count < buffer.Length && !Ended)
        {
            if (pending > 0)
            {
                for (; pending > 0 && count < buffer.Length; pending--)
                    buffer[count++] = Emit(window.At(rep0));
                continue;
            }
            var posState = (int)(position & ((1 << model.Pb) - 1));
            if (Bit(ref isMatch[state * PosStatesMax + posState]) == 0)
                buffer[count++] = Emit(Literal());
            else
                Reference(posState);
        }
        return count;
    }

    private byte Emit(byte value)
    {
        window.Put(value);
        position++;
        return value;
    }

    private byte Literal()
    {
        var offset = 0x300 * (((int)(position & ((1 << model.Lp) - 1)) << model.Lc) + (window.Last >> (8 - model.Lc)));
        var probabilities = literal.AsSpan(offset, 0x300);
        var symbol = 1;
        if (state >= FirstMatchState)
        {
            // The byte that the last distance points to predicts this one until they differ.
            if (!window.Holds(rep0))
                throw Distance(rep0);
            int match = window.At(rep0);
            do
            {
                var matchBit = match >> 7 & 1;
                match <<= 1;
                var bit = Bit(ref probabilities[((1 + matchBit) << 8) + symbol]);
                symbol = symbol << 1 | bit;
                if (matchBit != bit)
                    break;
            } while (symbol < 0x100);
        }
        while (symbol < 0x100)
            symbol = symbol << 1 | Bit(ref probabilities[symbol]);
        state = state switch
        {
            < 4 => 0,
            < 10 => state - 3,
            _ => state - 6,
        };
        return (byte)symbol;
    }

    private void Reference(int posState)
    {
        if (Bit(ref isRep[state]) == 0)
        {
            rep3 = rep2;
            rep2 = rep1;
            rep1 = rep0;
            var length = Length(matchLength, posState);
            state = state < FirstMatchState ? 7 : 10;
            rep0 = ReadDistance(length);
            if (rep0 == EndMarker)
            {
                Ended = true;
                return;
            }
            pending = length + MatchMin;
        }
        else
        {
            if (Bit(ref isRep0[state]) == 0)
            {
                if (Bit(ref isRep0Long[state * PosStatesMax + posState]) == 0)
                {
                    state = state < FirstMatchState ? 9 : 11;
                    pending = 1;
                    if (!window.Holds(rep0))
                        throw Distance(rep0);
                    return;
                }
            }
            else
            {
                uint distance;
                if (Bit(ref isRep1[state]) == 0)
                {
                    distance = rep1;
                }
                else
                {
                    if (Bit(ref isRep2[state]) == 0)
                    {
                        distance = rep2;
                    }
                    else
                    {
                        distance = rep3;
                        rep3 = rep2;
                    }
                    rep2 = rep1;
                }
                rep1 = rep0;
                rep0 = distance;
            }
            pending = Length(repLength, posState) + MatchMin;
            state = state < FirstMatchState ? 8 : 11;
        }
        if (!window.Holds(rep0))
            throw Distance(rep0);
    }

    private SevenZipException Distance(uint distance) =>
        input.Broken(
            $"a reference {(long)distance + 1} bytes back",
            $"one into the {window.Written} bytes unpacked so far; the file is damaged"
        );

    private uint ReadDistance(int length)
    {
        var slot = Tree(posSlot.AsSpan(Math.Min(length, LenToPosStates - 1) * 64, 64), 6);
        if (slot < 4)
            return (uint)slot;
        var directBits = (slot >> 1) - 1;
        var distance = (2u | (uint)slot & 1u) << directBits;
        if (slot < EndPosModel)
            return distance + ReverseTree(posSpecial.AsSpan((int)distance - slot), directBits);
        distance += Direct(directBits - 4) << 4;
        return distance + ReverseTree(posAlign, 4);
    }

    private int Length(LengthModel lengths, int posState)
    {
        if (Bit(ref lengths.Choice) == 0)
            return Tree(lengths.Low.AsSpan(posState * 8, 8), 3);
        if (Bit(ref lengths.Choice2) == 0)
            return 8 + Tree(lengths.Mid.AsSpan(posState * 8, 8), 3);
        return 16 + Tree(lengths.High, 8);
    }

    private int Tree(Span<ushort> probabilities, int bits)
    {
        var symbol = 1;
        for (var index = 0; index < bits; index++)
            symbol = symbol << 1 | Bit(ref probabilities[symbol]);
        return symbol - (1 << bits);
    }

    private uint ReverseTree(Span<ushort> probabilities, int bits)
    {
        var node = 1;
        uint symbol = 0;
        for (var index = 0; index < bits; index++)
        {
            var bit = Bit(ref probabilities[node]);
            node = node << 1 | bit;
            symbol |= (uint)bit << index;
        }
        return symbol;
    }

    private int Bit(ref ushort probability)
    {
        var bound = (range >> ModelBits) * probability;
        int bit;
        if (code < bound)
        {
            probability += (ushort)(((1 << ModelBits) - probability) >> MoveBits);
            range = bound;
            bit = 0;
        }
        else
        {
            probability -= (ushort)(probability >> MoveBits);
            code -= bound;
            range -= bound;
            bit = 1;
        }
        Normalize();
        return bit;
    }

    private uint Direct(int bits)
    {
        uint result = 0;
        for (; bits > 0; bits--)
        {
            range >>= 1;
            var bit = code >= range ? 1u : 0u;
            code -= range * bit;
            result = result << 1 | bit;
            Normalize();
        }
        return result;
    }

    private void Normalize()
    {
        if (range >= TopValue)
            return;
        range <<= 8;
        code = code << 8 | input.Byte();
    }

    /// <summary>How the length of a reference is coded.</summary>
    private sealed class LengthModel
    {
        public ushort Choice,
            Choice2;
        public readonly ushort[] Low = new ushort[PosStatesMax * 8];
        public readonly ushort[] Mid = new ushort[PosStatesMax * 8];
        public readonly ushort[] High = new ushort[256];

        public void Reset()
        {
            Choice = Choice2 = Half;
            Array.Fill(Low, Half);
            Array.Fill(Mid, Half);
            Array.Fill(High, Half);
        }
    }
}
