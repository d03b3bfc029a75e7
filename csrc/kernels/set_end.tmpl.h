/* Ends the kernels of one dtype: all names of theirs are free for the next one. */
#undef SumPlane
#undef Bits
#undef Vector
#undef Element
#undef ELEMENT_BYTES
#undef LANES
#undef NAME
#undef SET
#undef ELEMENT
#undef PLANES
#undef STORED
