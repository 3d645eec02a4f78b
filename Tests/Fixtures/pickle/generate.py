"""Writes the fixtures of this folder: python3 generate.py FOLDER, once with an old and once with a new numpy and scipy.

Every matrix is 4 x 5 with the entries (0,1) (0,3) (2,0) (1,2) (2,2); every array is 2 x 3 with 0, 0.5, ..., 2.5.
"""
import pickle
import sys

import numpy as np
import scipy
import scipy.sparse as sp

folder = sys.argv[1]
tag = "old" if int(np.__version__.split(".")[0]) < 2 else "new"
row = np.array([0, 0, 2, 1, 2], dtype=np.int32)
col = np.array([1, 3, 0, 2, 2], dtype=np.int32)
coo = sp.coo_matrix((np.ones(5), (row, col)), shape=(4, 5))
array = (np.arange(6) / 2).reshape(2, 3)


def write(name, value, protocol):
    with open(f"{folder}/{name}-{tag}-p{protocol}.pkl", "wb") as file:
        pickle.dump(value, file, protocol)


for protocol in (2, 3, 4, 5):
    write("coo", coo, protocol)
    write("f4", array.astype(np.float32), protocol)
write("csr", coo.tocsr(), 4)
write("csr", coo.tocsr(), 5)
write("csc", coo.tocsc(), 2)
write("csc", coo.tocsc(), 4)
write("f8", array, 4)
write("f2", array.astype(np.float16), 4)
write("empty", sp.coo_matrix((4, 5)), 2)
write("empty", sp.coo_matrix((4, 5)), 4)
# Of seven entries one is -0.0, one NaN and one occurs twice; the indices are 64 bits wide.
wide = coo.copy()
wide.row = np.array([0, 0, 2, 1, 2, 3, 0], dtype=np.int64)
wide.col = np.array([1, 3, 0, 2, 2, 4, 1], dtype=np.int64)
wide.data = np.array([1, -2, 3, 0.5, np.nan, -0.0, 1])
wide.row[5], wide.col[5] = 3, 4
write("wide", wide, 4)
write("bool", coo.tocsr().astype(bool), 4)
if tag == "new":
    write("big", array.astype(">f4"), 4)
    write("fortran", np.asfortranarray(array), 4)
    write("fortran", np.asfortranarray(array), 5)
    write("objects", np.array([None, 1], dtype=object), 4)
    write("scalar", np.float64(3), 4)
    sp.save_npz(f"{folder}/coo-deflated.npz", coo)
    sp.save_npz(f"{folder}/csr-stored.npz", coo.tocsr(), compressed=False)
    sp.save_npz(f"{folder}/csc-deflated.npz", coo.tocsc())
    # Long enough for every kind of block and copy of DEFLATE.
    step = np.arange(4000)
    place = np.unique((step * step * 31 + step * 7919) % (900 * 700))
    long = sp.coo_matrix((np.ones(len(place)), (place // 700, place % 700)), shape=(900, 700)).tocsr()
    sp.save_npz(f"{folder}/long-deflated.npz", long)
print(scipy.__version__, np.__version__)
