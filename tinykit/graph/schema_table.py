"""The .tflite schema as data: names, numbers, slots, types and defaults.

Facts of the public schema (version 3, identifier ``TFL3``); ``tests/graph/test_schema_table.py``
compares every line with LiteRT's own generated reader, so a new schema shows as a failing test.

A table's line reads ``Name < OPERATORS : field:kind=default ...``. Fields stand in slot order, ``-``
is a slot that the schema gave up. Kinds: ``i8 u8 i32 u32 i64 u64 f32 bool str``, ``[kind]`` for a
vector, the name of an enumeration (one byte), of a table, or ``union``. No default means 0, false or
absent. A line that begins with blanks continues the one before.
"""

from __future__ import annotations

FILE_IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3

_TENSOR_TYPES = """
float32 float16 int32 uint8 int64 string bool int16 complex64 int8 float64 complex128 uint64 resource
variant uint32 uint16 int4 bfloat16 int2 uint4 float8_e4m3fn float8_e5m2
"""
TENSOR_TYPES = tuple(_TENSOR_TYPES.split())

ENUMERATIONS: dict[str, tuple[str, ...]] = {
    "TensorType": tuple(name.upper() for name in TENSOR_TYPES),
    "Padding": ("SAME", "VALID"),
    "Activation": ("NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT"),
    "LshProjection": ("UNKNOWN", "SPARSE", "DENSE"),
    "WeightsFormat": ("DEFAULT", "SHUFFLED4x16INT8"),
    "LstmKernel": ("FULL", "BASIC"),
    "Combiner": ("SUM", "MEAN", "SQRTN"),
    "MirrorPadMode": ("REFLECT", "SYMMETRIC"),
}

# The number of an operator is its place in this list.
_OPERATORS = """
ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE EMBEDDING_LOOKUP
FLOOR FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION LOGISTIC
LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX
SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS SKIP_GRAM CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD
UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE
UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX
DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 GREATER
GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL
NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT
LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE
RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2
ADD_N GATHER_ND COS WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND
HARD_SWISH IF WHILE NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY
SEGMENT_SUM BATCH_MATMUL PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D
IMAG REAL COMPLEX_ABS HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL
CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE BROADCAST_ARGS RANDOM_STANDARD_NORMAL
BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU DYNAMIC_UPDATE_SLICE RELU_0_TO_1 UNSORTED_SEGMENT_PROD
UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM ATAN2 UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR
RIGHT_SHIFT STABLEHLO_LOGISTIC STABLEHLO_ADD STABLEHLO_DIVIDE STABLEHLO_MULTIPLY STABLEHLO_MAXIMUM
STABLEHLO_RESHAPE STABLEHLO_CLAMP STABLEHLO_CONCATENATE STABLEHLO_BROADCAST_IN_DIM STABLEHLO_CONVOLUTION
STABLEHLO_SLICE STABLEHLO_CUSTOM_CALL STABLEHLO_REDUCE STABLEHLO_ABS STABLEHLO_AND STABLEHLO_COSINE
STABLEHLO_EXPONENTIAL STABLEHLO_FLOOR STABLEHLO_LOG STABLEHLO_MINIMUM STABLEHLO_NEGATE STABLEHLO_OR
STABLEHLO_POWER STABLEHLO_REMAINDER STABLEHLO_RSQRT STABLEHLO_SELECT STABLEHLO_SUBTRACT STABLEHLO_TANH
STABLEHLO_SCATTER STABLEHLO_COMPARE STABLEHLO_CONVERT STABLEHLO_DYNAMIC_SLICE
STABLEHLO_DYNAMIC_UPDATE_SLICE STABLEHLO_PAD STABLEHLO_IOTA STABLEHLO_DOT_GENERAL
STABLEHLO_REDUCE_WINDOW STABLEHLO_SORT STABLEHLO_WHILE STABLEHLO_GATHER STABLEHLO_TRANSPOSE DILATE
STABLEHLO_RNG_BIT_GENERATOR REDUCE_WINDOW STABLEHLO_COMPOSITE STABLEHLO_SHIFT_LEFT STABLEHLO_CBRT
STABLEHLO_CASE
"""
OPERATORS = tuple(_OPERATORS.split())

STRUCTURE = """
Model : version:u32 operator_codes:[OperatorCode] subgraphs:[SubGraph] description:str buffers:[Buffer]
    metadata_buffer:[i32] metadata:[Metadata] signature_defs:[SignatureDef]
    external_buffer_groups:[ExternalBufferGroup] external_buffers:[ExternalBuffer]
OperatorCode : deprecated_builtin_code:i8 custom_code:str version:i32=1 builtin_code:i32
SubGraph : tensors:[Tensor] inputs:[i32] outputs:[i32] operators:[Operator] name:str
    debug_metadata_index:i32=-1
Tensor : shape:[i32] type:TensorType buffer:u32 name:str quantization:QuantizationParameters
    is_variable:bool sparsity:SparsityParameters shape_signature:[i32] has_rank:bool
    variant_tensors:[VariantSubType] external_buffer:u32
QuantizationParameters : min:[f32] max:[f32] scale:[f32] zero_point:[i64] details_type:u8 details:union
    quantized_dimension:i32
Operator : opcode_index:u32 inputs:[i32] outputs:[i32] builtin_options_type:u8 builtin_options:union
    custom_options:[u8] custom_options_format:i8 mutating_variable_inputs:[bool] intermediates:[i32]
    large_custom_options_offset:u64 large_custom_options_size:u64 builtin_options_2_type:u8
    builtin_options_2:union debug_metadata_index:i32=-1
Buffer : data:[u8] offset:u64 size:u64
Metadata : name:str buffer:u32
SignatureDef : inputs:[TensorMap] outputs:[TensorMap] signature_key:str - subgraph_index:u32
TensorMap : name:str tensor_index:u32
"""

# The number of an options table in the union BuiltinOptions is its place in this list, from 1.
OPTIONS = """
Conv2DOptions < CONV_2D : padding:Padding stride_w:i32 stride_h:i32
    fused_activation_function:Activation dilation_w_factor:i32=1 dilation_h_factor:i32=1
    quantized_bias_type:TensorType
DepthwiseConv2DOptions < DEPTHWISE_CONV_2D : padding:Padding stride_w:i32 stride_h:i32
    depth_multiplier:i32 fused_activation_function:Activation dilation_w_factor:i32=1
    dilation_h_factor:i32=1
ConcatEmbeddingsOptions < CONCAT_EMBEDDINGS : num_channels:i32 num_columns_per_channel:[i32]
    embedding_dim_per_channel:[i32]
LSHProjectionOptions < LSH_PROJECTION : type:LshProjection
Pool2DOptions < AVERAGE_POOL_2D MAX_POOL_2D L2_POOL_2D : padding:Padding stride_w:i32 stride_h:i32
    filter_width:i32 filter_height:i32 fused_activation_function:Activation
SVDFOptions < SVDF : rank:i32 fused_activation_function:Activation asymmetric_quantize_inputs:bool
RNNOptions < RNN : fused_activation_function:Activation asymmetric_quantize_inputs:bool
FullyConnectedOptions < FULLY_CONNECTED : fused_activation_function:Activation
    weights_format:WeightsFormat keep_num_dims:bool asymmetric_quantize_inputs:bool
    quantized_bias_type:TensorType quant_spec:[u8]
SoftmaxOptions < SOFTMAX : beta:f32
ConcatenationOptions < CONCATENATION : axis:i32 fused_activation_function:Activation
AddOptions < ADD : fused_activation_function:Activation pot_scale_int16:bool=1
L2NormOptions < L2_NORMALIZATION : fused_activation_function:Activation
LocalResponseNormalizationOptions < LOCAL_RESPONSE_NORMALIZATION : radius:i32 bias:f32 alpha:f32
    beta:f32
LSTMOptions < LSTM : fused_activation_function:Activation cell_clip:f32 proj_clip:f32
    kernel_type:LstmKernel asymmetric_quantize_inputs:bool
ResizeBilinearOptions < RESIZE_BILINEAR : - - align_corners:bool half_pixel_centers:bool
CallOptions < CALL : subgraph:u32
ReshapeOptions < RESHAPE : new_shape:[i32]
SkipGramOptions < SKIP_GRAM : ngram_size:i32 max_skip_size:i32 include_all_ngrams:bool
SpaceToDepthOptions < SPACE_TO_DEPTH : block_size:i32
EmbeddingLookupSparseOptions < EMBEDDING_LOOKUP_SPARSE : combiner:Combiner
MulOptions < MUL : fused_activation_function:Activation
PadOptions < PAD
GatherOptions < GATHER : axis:i32 batch_dims:i32
BatchToSpaceNDOptions < BATCH_TO_SPACE_ND
SpaceToBatchNDOptions < SPACE_TO_BATCH_ND
TransposeOptions < TRANSPOSE
ReducerOptions < MEAN SUM REDUCE_PROD REDUCE_MAX REDUCE_MIN REDUCE_ANY REDUCE_ALL : keep_dims:bool
SubOptions < SUB : fused_activation_function:Activation pot_scale_int16:bool=1
DivOptions < DIV : fused_activation_function:Activation
SqueezeOptions < SQUEEZE : squeeze_dims:[i32]
SequenceRNNOptions < UNIDIRECTIONAL_SEQUENCE_RNN : time_major:bool
    fused_activation_function:Activation asymmetric_quantize_inputs:bool
StridedSliceOptions < STRIDED_SLICE : begin_mask:i32 end_mask:i32 ellipsis_mask:i32
    new_axis_mask:i32 shrink_axis_mask:i32 offset:bool
ExpOptions < EXP
TopKV2Options < TOPK_V2
SplitOptions < SPLIT : num_splits:i32
LogSoftmaxOptions < LOG_SOFTMAX
CastOptions < CAST : in_data_type:TensorType out_data_type:TensorType
DequantizeOptions < DEQUANTIZE
MaximumMinimumOptions < MAXIMUM MINIMUM
ArgMaxOptions < ARG_MAX : output_type:TensorType
LessOptions < LESS
NegOptions < NEG
PadV2Options < PADV2
GreaterOptions < GREATER
GreaterEqualOptions < GREATER_EQUAL
LessEqualOptions < LESS_EQUAL
SelectOptions < SELECT
SliceOptions < SLICE
TransposeConvOptions < TRANSPOSE_CONV : padding:Padding stride_w:i32 stride_h:i32
    fused_activation_function:Activation quantized_bias_type:TensorType
SparseToDenseOptions < SPARSE_TO_DENSE : validate_indices:bool
TileOptions < TILE
ExpandDimsOptions < EXPAND_DIMS
EqualOptions < EQUAL
NotEqualOptions < NOT_EQUAL
ShapeOptions < SHAPE : out_type:TensorType
PowOptions < POW
ArgMinOptions < ARG_MIN : output_type:TensorType
FakeQuantOptions < FAKE_QUANT : min:f32 max:f32 num_bits:i32 narrow_range:bool
PackOptions < PACK : values_count:i32 axis:i32
LogicalOrOptions < LOGICAL_OR
OneHotOptions < ONE_HOT : axis:i32
LogicalAndOptions < LOGICAL_AND
LogicalNotOptions < LOGICAL_NOT
UnpackOptions < UNPACK : num:i32 axis:i32
FloorDivOptions < FLOOR_DIV
SquareOptions < SQUARE
ZerosLikeOptions < ZEROS_LIKE
FillOptions < FILL
BidirectionalSequenceLSTMOptions < BIDIRECTIONAL_SEQUENCE_LSTM :
    fused_activation_function:Activation cell_clip:f32 proj_clip:f32 merge_outputs:bool
    time_major:bool=1 asymmetric_quantize_inputs:bool
BidirectionalSequenceRNNOptions < BIDIRECTIONAL_SEQUENCE_RNN : time_major:bool
    fused_activation_function:Activation merge_outputs:bool asymmetric_quantize_inputs:bool
UnidirectionalSequenceLSTMOptions < UNIDIRECTIONAL_SEQUENCE_LSTM :
    fused_activation_function:Activation cell_clip:f32 proj_clip:f32 time_major:bool
    asymmetric_quantize_inputs:bool diagonal_recurrent_tensors:bool
FloorModOptions < FLOOR_MOD
RangeOptions < RANGE
ResizeNearestNeighborOptions < RESIZE_NEAREST_NEIGHBOR : align_corners:bool half_pixel_centers:bool
LeakyReluOptions < LEAKY_RELU : alpha:f32
SquaredDifferenceOptions < SQUARED_DIFFERENCE
MirrorPadOptions < MIRROR_PAD : mode:MirrorPadMode
AbsOptions < ABS
SplitVOptions < SPLIT_V : num_splits:i32
UniqueOptions < UNIQUE : idx_out_type:TensorType=2
ReverseV2Options < REVERSE_V2
AddNOptions < ADD_N
GatherNdOptions < GATHER_ND
CosOptions < COS
WhereOptions < WHERE
RankOptions < RANK
ReverseSequenceOptions < REVERSE_SEQUENCE : seq_dim:i32 batch_dim:i32
MatrixDiagOptions < MATRIX_DIAG
QuantizeOptions < QUANTIZE
MatrixSetDiagOptions < MATRIX_SET_DIAG
HardSwishOptions < HARD_SWISH
IfOptions < IF : then_subgraph_index:i32 else_subgraph_index:i32
WhileOptions < WHILE : cond_subgraph_index:i32 body_subgraph_index:i32
DepthToSpaceOptions < DEPTH_TO_SPACE : block_size:i32
NonMaxSuppressionV4Options < NON_MAX_SUPPRESSION_V4
NonMaxSuppressionV5Options < NON_MAX_SUPPRESSION_V5
ScatterNdOptions < SCATTER_ND
SelectV2Options < SELECT_V2
DensifyOptions < DENSIFY
SegmentSumOptions < SEGMENT_SUM
BatchMatMulOptions < BATCH_MATMUL : adj_x:bool adj_y:bool asymmetric_quantize_inputs:bool
CumsumOptions < CUMSUM : exclusive:bool reverse:bool
CallOnceOptions < CALL_ONCE : init_subgraph_index:i32
BroadcastToOptions < BROADCAST_TO
Rfft2dOptions < RFFT2D
Conv3DOptions < CONV_3D CONV_3D_TRANSPOSE : padding:Padding stride_d:i32 stride_w:i32 stride_h:i32
    fused_activation_function:Activation dilation_d_factor:i32=1 dilation_w_factor:i32=1
    dilation_h_factor:i32=1
HashtableOptions < HASHTABLE : table_id:i32 key_dtype:TensorType value_dtype:TensorType
HashtableFindOptions < HASHTABLE_FIND
HashtableImportOptions < HASHTABLE_IMPORT
HashtableSizeOptions < HASHTABLE_SIZE
VarHandleOptions < VAR_HANDLE : container:str shared_name:str
ReadVariableOptions < READ_VARIABLE
AssignVariableOptions < ASSIGN_VARIABLE
RandomOptions < RANDOM_STANDARD_NORMAL RANDOM_UNIFORM MULTINOMIAL : seed:i64 seed2:i64
BucketizeOptions < BUCKETIZE : boundaries:[f32]
GeluOptions < GELU : approximate:bool
DynamicUpdateSliceOptions < DYNAMIC_UPDATE_SLICE
UnsortedSegmentProdOptions < UNSORTED_SEGMENT_PROD
UnsortedSegmentMaxOptions < UNSORTED_SEGMENT_MAX
UnsortedSegmentMinOptions < UNSORTED_SEGMENT_MIN
UnsortedSegmentSumOptions < UNSORTED_SEGMENT_SUM
ATan2Options < ATAN2
SignOptions < SIGN
BitcastOptions < BITCAST
BitwiseXorOptions < BITWISE_XOR
RightShiftOptions < RIGHT_SHIFT
"""
