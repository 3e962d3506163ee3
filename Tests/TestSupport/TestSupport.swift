import VARedHDF5
