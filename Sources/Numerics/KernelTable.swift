// The kernels of one instruction set as function values, chosen once at start.

import CPlatform
import Kernels
import KernelsAVX2
import KernelsAVX512

/// One function value per kernel.
///
/// The argument order of each is that of the function of the same name in `Kernels`.
/// Call a kernel per row or block of rows, never per element: a call through the table costs about two nanoseconds.
/// Pointers need no alignment; nothing is read or written outside the `count` elements named.
package struct KernelTable: Sendable {
  /// Read-only floats.
  package typealias Input = UnsafePointer<Float>
  /// Floats written or updated.
  package typealias Output = UnsafeMutablePointer<Float>
  /// `(panels, steps, rows, factors, out, stride)`: six rounded queries times panels of rounded rows.
  package typealias TileProduct<Word, Score> =
    @Sendable (Int64, Int64, UnsafePointer<Word>, UnsafePointer<Int32>, UnsafeMutablePointer<Score>, Int64) -> Void

  /// The level these functions were compiled for.
  package let level: SIMDLevel
  /// `(a, b, count)`: sum of a[i] b[i].
  package let dot: @Sendable (Input, Input, Int) -> Float
  /// `(a, rows, count, rowCount, out)`: out[r] = the bits of `dot(a, rows + r * count, count)`.
  package let dotRows: @Sendable (Input, Input, Int, Int, Output) -> Void
  /// `(vectors, rows, count, vectorCount, rowCount, out, stride)`: out[v * stride + r] = the bits of `dot` of vector v and row
  /// r.
  package let dotGrid: @Sendable (Input, Input, Int, Int, Int, Output, Int) -> Void
  /// `(a, b, count)`: sum of (a[i] - b[i])^2.
  package let squaredDistance: @Sendable (Input, Input, Int) -> Float
  /// `(alpha, x, y, count)`: y += alpha x.
  package let axpy: @Sendable (Float, Input, Output, Int) -> Void
  /// `(alpha, x, y, count)`: y = alpha x; may be in place.
  package let scale: @Sendable (Float, Input, Output, Int) -> Void
  /// `(x, y, z, count)`: z = x * y elementwise; may be in place.
  package let multiply: @Sendable (Input, Input, Output, Int) -> Void
  /// `(x, y, count, epsilon)`: y = x / max(|x|, epsilon); returns |x|; may be in place.
  package let normalize: @Sendable (Input, Output, Int, Float) -> Float
  /// `(x, count)`: sum, Double across blocks.
  package let sum: @Sendable (Input, Int) -> Double
  /// `(x, count)`: sum of squares, Double across blocks.
  package let sumOfSquares: @Sendable (Input, Int) -> Double
  /// `(a, b, count)`: sum of a[i] b[i] in Double.
  package let dotInDouble: @Sendable (Input, Input, Int) -> Double
  /// `(factor, x, y, count)`: y = factor x, multiplied in Double; may be in place.
  package let scaleInDouble: @Sendable (Double, Input, Output, Int) -> Void
  /// `(x, count)`: largest element, -infinity for none.
  package let maximum: @Sendable (Input, Int) -> Float
  /// `(x, y, count)`: y = e^x; may be in place.
  package let exp: @Sendable (Input, Output, Int) -> Void
  /// `(x, y, count, scale, shift)`: y = e^(scale x + shift); returns their sum; may be in place.
  package let scaledExp: @Sendable (Input, Output, Int, Float, Float) -> Double
  /// `(x, y, count)`: y = ln x; may be in place.
  package let log: @Sendable (Input, Output, Int) -> Void
  /// `(x, y, count)`: y = softmax(x); returns the log-sum-exp; may be in place.
  package let softmax: @Sendable (Input, Output, Int) -> Float
  /// `(x, y, count)`: y = 1 / (1 + e^-x); may be in place.
  package let sigmoid: @Sendable (Input, Output, Int) -> Void
  /// `(x, y, count)`: y = ln(1 + e^x); may be in place.
  package let softplus: @Sendable (Input, Output, Int) -> Void
  /// `(x, bias, y, count, slope)`: y = leaky ReLU of x + bias; may be in place.
  package let biasLeakyReLU: @Sendable (Input, Input, Output, Int, Float) -> Void
  /// `(gradientOut, y, gradientIn, count, slope)`: gradient through leaky ReLU given its result y; may be in place.
  package let leakyReLUGradient: @Sendable (Input, Input, Output, Int, Float) -> Void
  /// `(gradientOut, y, sums, count, slope, ahead)`: y gives way to its gradient, which is added to the sums.
  package let hiddenGradient: @Sendable (Input, Output, Output, Int, Float, Input) -> Void
  /// `(rowStarts, firstRow, endRow, columns, values, x, width, out, scale, base)`: base plus sparse times dense.
  package let sparseRows:
    @Sendable (
      UnsafePointer<Int>, Int, Int, UnsafePointer<Int32>, Input, Input, Int, Output, Float, Input?
    ) -> Void
  /// `(count, users, positives, negatives, itemRow, x, width, out)`: the two inner products of each triple of rows.
  package let tripleProducts:
    @Sendable (
      Int, UnsafePointer<Int32>, UnsafePointer<Int32>, UnsafePointer<Int32>, Int, Input, Int, Output
    ) -> Void
  /// `(count, users, positives, negatives, itemRow, factors, x, width, gradient, first, columns)`: their gradient.
  package let tripleGradient:
    @Sendable (
      Int, UnsafePointer<Int32>, UnsafePointer<Int32>, UnsafePointer<Int32>, Int, Input, Input, Int, Output, Int, Int
    ) -> Void
  /// `(first, high, key, count, out)`: consecutive blocks of a random stream.
  package let philoxBlocks: @Sendable (UInt64, UInt64, UInt64, Int, UnsafeMutablePointer<UInt64>) -> Void
  /// `(parameter, gradient, decay, firstMoment, secondMoment, count, stepSize, beta1, beta2, epsilon, rootCorrection)`:
  /// Adam.
  package let adamStep:
    @Sendable (Output, Input, Float, Output, Output, Int, Float, Double, Double, Float, Float) -> Void
  /// `(scores, count, threshold, indices)`: appends the indices of scores >= threshold; returns how many.
  package let thresholdScan: @Sendable (Input, Int, Float, UnsafeMutablePointer<Int32>) -> Int
  /// `(scores, count, groups, maxima)`: maxima of 16 * groups disjoint sets of scores.
  package let groupMaxima: @Sendable (Input, Int, Int, Output) -> Void
  /// `(keys, count, ranks)`: how many keys are larger than each.
  package let rankKeys: @Sendable (UnsafePointer<UInt64>, Int, UnsafeMutablePointer<Int64>) -> Void
  /// `(values, count, k, most)`: a lower bound of the k-th largest value that few more than k reach.
  package let bestFloor: @Sendable (Input, Int, Int, Int) -> Float
  /// `(rows, width, x, squares, largest)`: sum of squares and largest magnitude of each row.
  package let rowExtents: @Sendable (Int, Int, Input, Output, Output) -> Void
  /// `(x, width, inverse, scale, integers)`: a query rounded to integers; returns the squared rounding error.
  package let roundQuery: @Sendable (Input, Int, Double, Double, UnsafeMutablePointer<Int32>) -> Double
  /// `(rows, width, x, order, inverse, words, squares)`: up to 32 rows rounded to bytes, interleaved.
  package let quantizeBytePanel:
    @Sendable (Int, Int, Input, UnsafePointer<Int32>, Float, UnsafeMutablePointer<Int16>, Output) -> Void
  /// `(rows, width, x, order, inverse, words, squares)`: up to 32 rows rounded to bytes, four columns a word.
  package let quantizeQuadPanel:
    @Sendable (Int, Int, Input, UnsafePointer<Int32>, Float, UnsafeMutablePointer<Int32>, Output) -> Void
  /// `(rows, width, x, order, inverse, words, squares)`: up to 16 rows rounded to 16-bit words, interleaved.
  package let quantizeWordPanel:
    @Sendable (Int, Int, Input, UnsafePointer<Int32>, Float, UnsafeMutablePointer<Int32>, Output) -> Void
  /// `(panels, steps, words, factors, out)`: one rounded query times panels of 32 rows of bytes.
  package let byteProduct:
    @Sendable (Int, Int, UnsafePointer<Int16>, UnsafePointer<Int32>, UnsafeMutablePointer<Int16>) -> Void
  /// `(panels, steps, words, factors, out, stride)`: six rounded queries times panels of 32 rows of bytes.
  ///
  /// Not for `baseline` on x86-64.
  package let byteTileProduct: TileProduct<Int16, Int16>
  /// `(panels, steps, words, factors, out, stride)`: six rounded queries times panels of 16 rows of 16-bit words.
  ///
  /// Not for `baseline` on x86-64.
  package let wordTileProduct: TileProduct<Int32, Int32>
  /// `(panels, steps, words, factors, out, stride)`: eighths of six rounded queries times panels of 32 rows of bytes, four
  /// columns a word; nil where the processor has no instruction for it.
  package let quadTileProduct: TileProduct<Int32, Int16>?
  /// `(scores, count, threshold, indices)`: `thresholdScan` of 16-bit scores.
  package let shortScan: @Sendable (UnsafePointer<Int16>, Int, Int16, UnsafeMutablePointer<Int32>) -> Int
  /// `(scores, count, groups, maxima)`: `groupMaxima` of 16-bit scores.
  package let shortGroupMaxima: @Sendable (UnsafePointer<Int16>, Int, Int, UnsafeMutablePointer<Int16>) -> Void
  /// `(scores, count, threshold, indices)`: `thresholdScan` of 32-bit scores.
  package let integerScan: @Sendable (UnsafePointer<Int32>, Int, Int32, UnsafeMutablePointer<Int32>) -> Int
  /// `(scores, count, groups, maxima)`: `groupMaxima` of 32-bit scores.
  package let integerGroupMaxima: @Sendable (UnsafePointer<Int32>, Int, Int, UnsafeMutablePointer<Int32>) -> Void
  /// `(rows, width, query, items, out, depth)`: inner product of a query with each row, bits as the packed product.
  package let scoreRows: @Sendable (Int, Int, Input, Input, Output, Int) -> Void
  /// `(count, width, query, items, chosen, out, depth)`: one query against chosen rows.
  package let scoreChosenRows: @Sendable (Int, Int, Input, Input, UnsafePointer<Int32>, Output, Int) -> Void
  /// `(rows, width, packed, centres, centreCount, labels, distances)`: nearest centre of each packed row.
  package let nearestCentre: @Sendable (Int, Int, Input, Input, Int, UnsafeMutablePointer<Int32>, Output) -> Void
  /// `(rows, width, packed, groups, centres, centreCount, margin, rowsNear, labels, distances)`: the same labels from
  /// products where the second nearest is clear by the margin; `distances` is work space.
  package let nearestCentreByProducts:
    @Sendable (Int, Int, Input, Input, Input, Int, Float, Input, UnsafeMutablePointer<Int32>, Output) -> Void
  /// `(panels, width, packed)`: the largest sum of squares of a packed row.
  package let largestPanelSquare: @Sendable (Int, Int, Input) -> Float
  /// `(rows, width, x, labels, sums, counts)`: rows added up by label.
  package let addRowsByLabel:
    @Sendable (Int, Int, Input, UnsafePointer<Int32>, Output, UnsafeMutablePointer<Int32>) -> Void
  /// `(x, y, count)`: floats from binary16 patterns.
  package let halfToFloat: @Sendable (UnsafePointer<UInt16>, Output, Int) -> Void
  /// `(x, y, count)`: binary16 patterns from floats, to nearest even.
  package let floatToHalf: @Sendable (Input, UnsafeMutablePointer<UInt16>, Int) -> Void
  /// `(m, n, k, packedA, packedB, panelStride, c, stride, alpha, accumulate)`: product of packed blocks.
  package let gemmBlock: @Sendable (Int, Int, Int, Input, Input, Int, Output, Int, Float, Bool) -> Void
  /// `(m, n, k, packedA, packedB, panelStride, scale, shift, work, sums, e, stride)`: e = e^(scale A B + shift) where it is
  /// wanted, and the sums of its rows; `work` has `expBlockWork(m)` floats.
  package let expBlock:
    @Sendable (
      Int, Int, Int, Input, Input, Int, Float, Float, Output, UnsafeMutablePointer<Double>, Output?, Int
    ) -> Void
  /// `(m)`: floats that `expBlock` works with.
  package let expBlockWork: @Sendable (Int) -> Int
  /// `(m, n, k, a, rowStride, stepStride, packedB, c, stride, accumulate)`: product with an unpacked left operand.
  package let stridedBlock: @Sendable (Int, Int, Int, Input, Int, Int, Input, Output, Int, Bool) -> Void
  /// `(m, n, k, a, rowStride, stepStride, b, c, factor)`: c += factor a b in Double, operands unpacked.
  package let doubleBlock:
    @Sendable (
      Int, Int, Int, UnsafePointer<Double>, Int, Int, UnsafePointer<Double>, UnsafeMutablePointer<Double>, Double
    ) -> Void
  /// `(m, k, a, stride, transposed, packed)`: panels of 6 rows of A.
  package let packLeft: @Sendable (Int, Int, Input, Int, Bool, Output) -> Void
  /// `(k, n, b, stride, transposed, packed)`: panels of 16 columns of B.
  package let packRight: @Sendable (Int, Int, Input, Int, Bool, Output) -> Void
  /// `(rows, depth, source, stride, rowNumbers, packed)`: panels of 6 of chosen rows.
  package let packLeftGathered: @Sendable (Int, Int, Input, Int, UnsafePointer<Int32>, Output) -> Void
  /// `(depth, columns, source, stride, rowNumbers, packed)`: panels of 16 of chosen rows.
  package let packRightGathered: @Sendable (Int, Int, Input, Int, UnsafePointer<Int32>, Output) -> Void
  /// `(iterations, factor)`: 192 floating-point operations an iteration, of an even number, in registers; a measure of the
  /// ceiling.
  package let multiplyAddProbe: @Sendable (Int, Float) -> Float

  /// The kernels every processor of the architecture runs.
  package static let baseline = KernelTable(
    level: .baseline,
    dot: Kernels.dotRow,
    dotRows: Kernels.dotRows,
    dotGrid: Kernels.dotGrid,
    squaredDistance: Kernels.squaredDistanceRow,
    axpy: Kernels.axpyRow,
    scale: Kernels.scaleRow,
    multiply: Kernels.multiplyRow,
    normalize: Kernels.normalizeRow,
    sum: Kernels.sumRow,
    sumOfSquares: Kernels.sumOfSquaresRow,
    dotInDouble: Kernels.dotInDouble,
    scaleInDouble: Kernels.scaleInDouble,
    maximum: Kernels.maximumRow,
    exp: Kernels.expRow,
    scaledExp: Kernels.scaledExpRow,
    log: Kernels.logRow,
    softmax: Kernels.softmaxRow,
    sigmoid: Kernels.sigmoidRow,
    softplus: Kernels.softplusRow,
    biasLeakyReLU: Kernels.biasLeakyReLURow,
    leakyReLUGradient: Kernels.leakyReLUGradientRow,
    hiddenGradient: Kernels.hiddenGradientRow,
    sparseRows: Kernels.sparseRows,
    tripleProducts: Kernels.tripleProducts,
    tripleGradient: Kernels.tripleGradient,
    philoxBlocks: Kernels.philoxBlocks,
    adamStep: Kernels.adamStepRow,
    thresholdScan: Kernels.thresholdScan,
    groupMaxima: Kernels.groupMaxima,
    rankKeys: Kernels.rankKeys,
    bestFloor: Kernels.bestFloor,
    rowExtents: Kernels.rowExtents,
    roundQuery: Kernels.roundQuery,
    quantizeBytePanel: Kernels.quantizeBytePanel,
    quantizeQuadPanel: Kernels.quantizeQuadPanel,
    quantizeWordPanel: Kernels.quantizeWordPanel,
    byteProduct: Kernels.byteProduct,
    byteTileProduct: { cplatform_byte_product($0, $1, $2, $3, $4, $5) },
    wordTileProduct: { cplatform_word_product($0, $1, $2, $3, $4, $5) },
    quadTileProduct: nil,
    shortScan: Kernels.shortScan,
    shortGroupMaxima: Kernels.shortGroupMaxima,
    integerScan: Kernels.integerScan,
    integerGroupMaxima: Kernels.integerGroupMaxima,
    scoreRows: Kernels.scoreRows,
    scoreChosenRows: Kernels.scoreChosenRows,
    nearestCentre: Kernels.nearestCentre,
    nearestCentreByProducts: Kernels.nearestCentreByProducts,
    largestPanelSquare: Kernels.largestPanelSquare,
    addRowsByLabel: Kernels.addRowsByLabel,
    halfToFloat: Kernels.halfToFloatRow,
    floatToHalf: Kernels.floatToHalfRow,
    gemmBlock: Kernels.gemmBlock,
    expBlock: Kernels.expBlock,
    expBlockWork: Kernels.expBlockWork,
    stridedBlock: Kernels.stridedBlock,
    doubleBlock: Kernels.doubleBlock,
    packLeft: Kernels.packLeft,
    packRight: Kernels.packRight,
    packLeftGathered: Kernels.packLeftGathered,
    packRightGathered: Kernels.packRightGathered,
    multiplyAddProbe: Kernels.multiplyAddProbe)

  /// The kernels compiled with AVX2, FMA and F16C; on arm64 the same code as `baseline`.
  package static let avx2 = KernelTable(
    level: .avx2,
    dot: KernelsAVX2.dotRow,
    dotRows: KernelsAVX2.dotRows,
    dotGrid: KernelsAVX2.dotGrid,
    squaredDistance: KernelsAVX2.squaredDistanceRow,
    axpy: KernelsAVX2.axpyRow,
    scale: KernelsAVX2.scaleRow,
    multiply: KernelsAVX2.multiplyRow,
    normalize: KernelsAVX2.normalizeRow,
    sum: KernelsAVX2.sumRow,
    sumOfSquares: KernelsAVX2.sumOfSquaresRow,
    dotInDouble: KernelsAVX2.dotInDouble,
    scaleInDouble: KernelsAVX2.scaleInDouble,
    maximum: KernelsAVX2.maximumRow,
    exp: KernelsAVX2.expRow,
    scaledExp: KernelsAVX2.scaledExpRow,
    log: KernelsAVX2.logRow,
    softmax: KernelsAVX2.softmaxRow,
    sigmoid: KernelsAVX2.sigmoidRow,
    softplus: KernelsAVX2.softplusRow,
    biasLeakyReLU: KernelsAVX2.biasLeakyReLURow,
    leakyReLUGradient: KernelsAVX2.leakyReLUGradientRow,
    hiddenGradient: KernelsAVX2.hiddenGradientRow,
    sparseRows: KernelsAVX2.sparseRows,
    tripleProducts: KernelsAVX2.tripleProducts,
    tripleGradient: KernelsAVX2.tripleGradient,
    philoxBlocks: KernelsAVX2.philoxBlocks,
    adamStep: KernelsAVX2.adamStepRow,
    thresholdScan: KernelsAVX2.thresholdScan,
    groupMaxima: KernelsAVX2.groupMaxima,
    rankKeys: KernelsAVX2.rankKeys,
    bestFloor: KernelsAVX2.bestFloor,
    rowExtents: KernelsAVX2.rowExtents,
    roundQuery: KernelsAVX2.roundQuery,
    quantizeBytePanel: KernelsAVX2.quantizeBytePanel,
    quantizeQuadPanel: KernelsAVX2.quantizeQuadPanel,
    quantizeWordPanel: KernelsAVX2.quantizeWordPanel,
    byteProduct: KernelsAVX2.byteProduct,
    byteTileProduct: { cplatform_byte_product($0, $1, $2, $3, $4, $5) },
    wordTileProduct: { cplatform_word_product($0, $1, $2, $3, $4, $5) },
    quadTileProduct: nil,
    shortScan: KernelsAVX2.shortScan,
    shortGroupMaxima: KernelsAVX2.shortGroupMaxima,
    integerScan: KernelsAVX2.integerScan,
    integerGroupMaxima: KernelsAVX2.integerGroupMaxima,
    scoreRows: KernelsAVX2.scoreRows,
    scoreChosenRows: KernelsAVX2.scoreChosenRows,
    nearestCentre: KernelsAVX2.nearestCentre,
    nearestCentreByProducts: KernelsAVX2.nearestCentreByProducts,
    largestPanelSquare: KernelsAVX2.largestPanelSquare,
    addRowsByLabel: KernelsAVX2.addRowsByLabel,
    halfToFloat: KernelsAVX2.halfToFloatRow,
    floatToHalf: KernelsAVX2.floatToHalfRow,
    gemmBlock: KernelsAVX2.gemmBlock,
    expBlock: KernelsAVX2.expBlock,
    expBlockWork: KernelsAVX2.expBlockWork,
    stridedBlock: KernelsAVX2.stridedBlock,
    doubleBlock: KernelsAVX2.doubleBlock,
    packLeft: KernelsAVX2.packLeft,
    packRight: KernelsAVX2.packRight,
    packLeftGathered: KernelsAVX2.packLeftGathered,
    packRightGathered: KernelsAVX2.packRightGathered,
    multiplyAddProbe: KernelsAVX2.multiplyAddProbe)

  /// The kernels compiled with AVX-512, FMA and F16C; on arm64 the same code as `baseline`.
  package static let avx512 = KernelTable(
    level: .avx512,
    dot: KernelsAVX512.dotRow,
    dotRows: KernelsAVX512.dotRows,
    dotGrid: KernelsAVX512.dotGrid,
    squaredDistance: KernelsAVX512.squaredDistanceRow,
    axpy: KernelsAVX512.axpyRow,
    scale: KernelsAVX512.scaleRow,
    multiply: KernelsAVX512.multiplyRow,
    normalize: KernelsAVX512.normalizeRow,
    sum: KernelsAVX512.sumRow,
    sumOfSquares: KernelsAVX512.sumOfSquaresRow,
    dotInDouble: KernelsAVX512.dotInDouble,
    scaleInDouble: KernelsAVX512.scaleInDouble,
    maximum: KernelsAVX512.maximumRow,
    exp: KernelsAVX512.expRow,
    scaledExp: KernelsAVX512.scaledExpRow,
    log: KernelsAVX512.logRow,
    softmax: KernelsAVX512.softmaxRow,
    sigmoid: KernelsAVX512.sigmoidRow,
    softplus: KernelsAVX512.softplusRow,
    biasLeakyReLU: KernelsAVX512.biasLeakyReLURow,
    leakyReLUGradient: KernelsAVX512.leakyReLUGradientRow,
    hiddenGradient: KernelsAVX512.hiddenGradientRow,
    sparseRows: KernelsAVX512.sparseRows,
    tripleProducts: KernelsAVX512.tripleProducts,
    tripleGradient: KernelsAVX512.tripleGradient,
    philoxBlocks: KernelsAVX512.philoxBlocks,
    adamStep: KernelsAVX512.adamStepRow,
    thresholdScan: KernelsAVX512.thresholdScan,
    groupMaxima: KernelsAVX512.groupMaxima,
    rankKeys: KernelsAVX512.rankKeys,
    bestFloor: KernelsAVX512.bestFloor,
    rowExtents: KernelsAVX512.rowExtents,
    roundQuery: KernelsAVX512.roundQuery,
    quantizeBytePanel: KernelsAVX512.quantizeBytePanel,
    quantizeQuadPanel: KernelsAVX512.quantizeQuadPanel,
    quantizeWordPanel: KernelsAVX512.quantizeWordPanel,
    byteProduct: KernelsAVX512.byteProduct,
    byteTileProduct: { cplatform_wide_byte_product($0, $1, $2, $3, $4, $5) },
    wordTileProduct: { cplatform_wide_word_product($0, $1, $2, $3, $4, $5) },
    quadTileProduct: quadProduct,
    shortScan: KernelsAVX512.shortScan,
    shortGroupMaxima: KernelsAVX512.shortGroupMaxima,
    integerScan: KernelsAVX512.integerScan,
    integerGroupMaxima: KernelsAVX512.integerGroupMaxima,
    scoreRows: KernelsAVX512.scoreRows,
    scoreChosenRows: KernelsAVX512.scoreChosenRows,
    nearestCentre: KernelsAVX512.nearestCentre,
    nearestCentreByProducts: KernelsAVX512.nearestCentreByProducts,
    largestPanelSquare: KernelsAVX512.largestPanelSquare,
    addRowsByLabel: KernelsAVX512.addRowsByLabel,
    halfToFloat: KernelsAVX512.halfToFloatRow,
    floatToHalf: KernelsAVX512.floatToHalfRow,
    gemmBlock: KernelsAVX512.gemmBlock,
    expBlock: KernelsAVX512.expBlock,
    expBlockWork: KernelsAVX512.expBlockWork,
    stridedBlock: KernelsAVX512.stridedBlock,
    doubleBlock: KernelsAVX512.doubleBlock,
    packLeft: KernelsAVX512.packLeft,
    packRight: KernelsAVX512.packRight,
    packLeftGathered: KernelsAVX512.packLeftGathered,
    packRightGathered: KernelsAVX512.packRightGathered,
    multiplyAddProbe: KernelsAVX512.multiplyAddProbe)

  /// The product of `quadTileProduct`, where the processor has its instruction.
  private static let quadProduct: TileProduct<Int32, Int16>? = {
    guard cplatform_has_vnni() else { return nil }
    return { cplatform_quad_product($0, $1, $2, $3, $4, $5) }
  }()

  /// The kernels of one level.
  /// - Precondition: `level.isSupported`; calling the functions of another level would stop the process.
  package static func table(_ level: SIMDLevel) -> KernelTable {
    precondition(level.isSupported, "this processor does not have the instructions of \(level.name)")
    switch level {
    case .baseline: return baseline
    case .avx2: return avx2
    case .avx512: return avx512
    }
  }

  /// The kernels that `DAREC_SIMD` and the processor select.
  /// - Throws: `SIMDLevelError` when the variable cannot be followed. The executable calls this once at start.
  package static func selected() throws -> KernelTable { table(try SIMDLevel.requested()) }
}

/// The kernels this process uses, fixed at first use.
package let kernels = KernelTable.table(SIMDLevel.selected)
