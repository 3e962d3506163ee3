import VARedNN
import VARedDist
import VARedData
import VARedHDF5
import Yams
