//go:build !purego

#include "textflag.h"

// EACH puts a byte into all of Y.
#define EACH(byte, X, Y) \
	MOVL $byte, AX \
	MOVD AX, X \
	VPBROADCASTB X, Y

// FIND puts the set of those bytes of Y0 and Y1 that are the one in Y into set: bit
// i is byte i.
#define FIND(Y, set) \
	VPCMPEQB Y, Y0, Y2 \
	VPCMPEQB Y, Y1, Y3 \
	VPMOVMSKB Y2, set \
	VPMOVMSKB Y3, BX \
	SHLQ $32, BX \
	ORQ BX, set

// func skipBlocks(b *byte, n, depth int) (at, left int, quoted, escaped bool)
//
// SI b, CX n, DI at, DX left, R8 all bits if a string goes on, R13 1 if the next
// byte is escaped.
TEXT ·skipBlocks(SB), NOSPLIT, $0-42
	MOVQ b+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ depth+16(FP), DX
	XORQ DI, DI
	XORQ R8, R8
	XORQ R13, R13
	EACH(0x22, X8, Y8)   // "
	EACH(0x5c, X9, Y9)   // \
	EACH(0x20, X10, Y10) // makes { of [ and } of ]
	EACH(0x7b, X11, Y11) // {
	EACH(0x7d, X12, Y12) // }
	VPCMPEQB X13, X13, X13

block:
	LEAQ 64(DI), AX
	CMPQ AX, CX
	JGT  done
	VMOVDQU (SI)(DI*1), Y0
	VMOVDQU 32(SI)(DI*1), Y1
	FIND(Y8, R9)         // quotes
	FIND(Y9, R10)        // backslashes
	MOVQ R10, AX
	ORQ  R13, AX
	JNZ  escapes
	XORQ R11, R11        // what R13 is to become

quotes:
	// A byte is quoted if an odd number of quotes stand up to it.
	VMOVQ R9, X2
	VPCLMULQDQ $0, X13, X2, X2
	VMOVQ X2, AX
	XORQ R8, AX
	MOVQ AX, BX
	NOTQ BX
	TESTQ BX, R10
	JNZ  done            // a backslash that is not quoted: no JSON
	MOVQ R11, R13
	MOVQ AX, R8
	SARQ $63, R8
	MOVQ BX, R12         // not quoted
	VPOR Y10, Y0, Y0
	VPOR Y10, Y1, Y1
	FIND(Y11, R9)
	FIND(Y12, R10)
	ANDQ R12, R9         // that open
	ANDQ R12, R10        // that close
	POPCNTQ R9, R11
	POPCNTQ R10, R12
	CMPQ R12, DX
	JGE  brackets        // it may end here
	ADDQ R11, DX
	SUBQ R12, DX

next:
	ADDQ $64, DI
	JMP  block

brackets:
	ORQ  R10, R9

bracket:
	BSFQ R9, AX
	JZ   next
	BTQ  AX, R10
	JCS  shut
	INCQ DX
	LEAQ -1(R9), BX
	ANDQ BX, R9
	JMP  bracket

shut:
	LEAQ -1(R9), BX
	ANDQ BX, R9
	DECQ DX
	JNZ  bracket
	LEAQ 1(DI)(AX*1), DI
	XORQ R8, R8
	XORQ R13, R13

done:
	VZEROUPPER
	MOVQ DI, at+24(FP)
	MOVQ DX, left+32(FP)
	ANDQ $1, R8
	MOVB R8, quoted+40(FP)
	MOVB R13, escaped+41(FP)
	RET

escapes:
	// Take quotes that are escaped out of R9. Of a run of backslashes every second
	// is: added to where runs begin on odd bits, a run carries over into the bit
	// behind it, which tells where it began.
	MOVQ R13, AX
	NOTQ AX
	ANDQ R10, AX         // backslashes but for one that is escaped by the last block
	LEAQ (AX)(AX*1), BX
	ORQ  R13, BX         // behind a backslash
	MOVQ $0x5555555555555555, R12
	MOVQ R12, R11
	ORQ  BX, R11
	NOTQ R11
	ANDQ AX, R11         // runs that begin on odd bits
	ADDQ AX, R11
	SBBQ AX, AX          // a run goes on to the end of the block
	ADDQ R11, R11
	XORQ R12, R11
	ANDQ BX, R11         // escaped
	NOTQ R11
	ANDQ R11, R9
	MOVQ AX, R11
	ANDQ $1, R11
	JMP  quotes

// func asciiBlocks(b *byte, n int) (at int)
//
// SI b, CX n, DI at. The byte behind a block is looked at, too.
TEXT ·asciiBlocks(SB), NOSPLIT, $0-24
	MOVQ b+0(FP), SI
	MOVQ n+8(FP), CX
	XORQ DI, DI
	EACH(0x5c, X8, Y8) // \
	EACH(0x75, X9, Y9) // u

ascii:
	LEAQ 33(DI), AX
	CMPQ AX, CX
	JGT  over
	VMOVDQU (SI)(DI*1), Y0
	VPCMPEQB Y8, Y0, Y1
	VPCMPEQB 1(SI)(DI*1), Y9, Y2
	VPAND Y1, Y2, Y2
	VPOR Y0, Y2, Y2
	VPMOVMSKB Y2, AX   // the highest bits: not ASCII, or a \u
	TESTL AX, AX
	JNZ  over
	ADDQ $32, DI
	JMP  ascii

over:
	VZEROUPPER
	MOVQ DI, at+16(FP)
	RET
