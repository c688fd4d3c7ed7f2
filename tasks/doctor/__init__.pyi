from .check import Check as Check, first_to_fix as first_to_fix
from .installation import check_installation as check_installation
from .surroundings import check_surroundings as check_surroundings
